package org.dcmigrate.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code bench/run vm}: a virtual machine through DCM, and by QEMU alone. */
@Command(
    name = "vm",
    description = {
      "Virtual machines through DCM, against QEMU's own migration; redirected, against QEMU's"
          + " cancel and a new migration.",
      "QEMU without KVM, in network namespaces with slowed down links; needs root, ip and tc. The"
          + " guest rewrites the same pages as fast as it can, and its work is counted. DCM's"
          + " connections are under mutual TLS, QEMU's are not. QEMU's destinations wait already"
          + " as the time begins; DCM starts its own within it."
    })
final class VmCommand extends BenchCommand {
  private static final double BITS_PER_MEGABIT = 1e6;
  private static final long MIB = 1 << 20;

  // Redirects that do not count, until what the daemons do often is compiled.
  private static final int WARM_UPS = 5;
  private static final int QUICK_WARM_UPS = 1;

  private static final String QEMU = "qemu";
  private static final String DCM = "dcm";
  private static final String RESTART = "qemu, cancel and migrate";
  private static final String REDIRECT = "dcm, redirect";

  @Option(
      names = "--memory",
      defaultValue = "0",
      description = "Memory that the guest fills in MiB. 0: 256 with --quick, else 512.")
  private int memoryMib;

  @Option(
      names = "--rate",
      defaultValue = "500",
      description = "Bandwidth of the uplinks in Mbit/s on the wire; downlinks have twice that.")
  private double rateMegabits = 500;

  @Option(
      names = "--written",
      defaultValue = "256",
      description = "Pages that the guest rewrites, all of them in each tick.")
  private int writtenPages = 256;

  @Option(
      names = "--fraction",
      defaultValue = "0.5",
      description = "Part of the memory at which is redirected, or cancelled.")
  private double fraction = 0.5;

  /** What a run was asked for; the names are those of the JSON document. */
  private record Settings(
      long memoryBytes,
      double uplinkWireBytesPerSecond,
      int writtenPages,
      double fraction,
      int repeat) {}

  /** Moves a guest once. */
  @FunctionalInterface
  private interface Contender {
    VmRig.Run move() throws BenchException;
  }

  @Override
  Findings measure(Workspace workspace, Progress progress) throws BenchException {
    Optional<Path> qemu = QemuVm.program();
    if (qemu.isEmpty()) {
      throw new BenchException("qemu-system-x86_64 is not installed: " + QemuVm.REMEDY);
    }
    progress.say("virtual machines and three peers in network namespaces");
    QemuVm.Work work = new QemuVm.Work(memoryBytes(), writtenPages, 0);
    int warmUps = isQuick() ? QUICK_WARM_UPS : WARM_UPS;
    VmRig rig = VmRig.start(workspace, qemu.get(), work, bandwidth(), warmUps + 2 * repeat());
    for (int i = 0; i < warmUps; i++) {
      VmRig.Run _ = rig.redirectByDcm(fraction);
    }
    Map<String, Contender> contenders = new LinkedHashMap<>();
    contenders.put(QEMU, rig::migrateByQemu);
    contenders.put(DCM, rig::migrateByDcm);
    contenders.put(RESTART, () -> rig.restartByQemu(fraction));
    contenders.put(REDIRECT, () -> rig.redirectByDcm(fraction));
    Map<String, List<VmRig.Run>> runs = new LinkedHashMap<>();
    for (int round = 0; round < repeat(); round++) {
      for (Map.Entry<String, Contender> entry : contenders.entrySet()) {
        VmRig.Run run = entry.getValue().move();
        progress.say(
            "%s: %.2f s, down %.0f ms, work %.0f of %.0f per second",
            entry.getKey(),
            run.seconds(),
            1000 * run.downtimeSeconds(),
            run.workMeanwhile(),
            run.workBefore());
        runs.computeIfAbsent(entry.getKey(), each -> new ArrayList<>()).add(run);
      }
    }
    VmResults results = VmResults.of(runs, Map.of(DCM, QEMU, REDIRECT, RESTART));
    return new Findings(
        "vm",
        new Settings(memoryBytes(), bandwidth(), writtenPages, fraction, repeat()),
        results,
        results.text());
  }

  private double bandwidth() {
    return rateMegabits * BITS_PER_MEGABIT / Byte.SIZE;
  }

  private long memoryBytes() {
    return (memoryMib > 0 ? memoryMib : isQuick() ? 256 : 512) * MIB;
  }
}

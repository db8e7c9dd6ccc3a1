package org.dcmigrate.peer.guest.qemu;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/**
 * A virtual machine of a test, running in a QEMU of its own, as an operator would have started it;
 * and the template of a destination that can receive it.
 *
 * <pre>
 * try (QemuTestVm vm = QemuTestVm.churn(directory, Shape.SHARED_FILE, "A=4096 D=64 H=10 V=512")) {
 *   QemuGuest guest = new QemuGuest(vm.guestConfig());
 *   QemuAdapter adapter = new QemuAdapter(vm.adapterConfig());
 *   ...
 *   new SerialLog(home.resolve("serial.log")).awaitTickAfter(vm.serial().lastTick());
 * }
 * </pre>
 *
 * <p>RAM sizes are no multiples of 256 KiB: without KVM, QEMU before 9.0 loses writes of guests
 * with other sizes when it migrates them.
 */
public final class QemuTestVm implements AutoCloseable {
  /** Where the guest's serial line goes, beside the memory at a destination. */
  public static final String SERIAL = "serial.log";

  static final Duration SET_UP = Duration.ofSeconds(60);

  private static final int ODD_KIB = 128;
  private static final long START_NS = 30_000_000_000L;

  private final Path directory;
  private final Shape shape;
  private final List<String> guestOptions;
  private final Process process;

  /** What the virtual machine is made of. */
  public enum Shape {
    /** A pc with memory in a shared file. */
    SHARED_FILE(64),
    /** As SHARED_FILE, with 512 MiB. */
    LARGE(512),
    /** A pc with private memory. */
    PRIVATE(64),
    /** A pc with memory in shared files, 48 MiB of it plugged. */
    DIMM(32),
    /** A pc with private memory, and a graphics card with 64 MiB of its own. */
    GRAPHICS(64),
    /** A pc with private memory of 8 MiB. */
    TINY(8),
    /** A q35 with two NUMA nodes in shared files, VGA, and virtio behind a root port. */
    NUMA_Q35(36);

    private final int mib;

    Shape(int mib) {
      this.mib = mib;
    }

    private long kib() {
      return mib * 1024L + ODD_KIB;
    }

    /** QEMU's options, with memory files and sizes given by name of the RAM block. */
    private List<String> options(String files, boolean incoming) {
      String backend = "memory-backend-file,id=%s,share=on,size=" + kib() + "K,mem-path=" + files;
      String ram = backend.formatted("pc.ram", "pc.ram");
      return switch (this) {
        case SHARED_FILE, LARGE ->
            split("-m %dK -object %s -M pc,memory-backend=pc.ram".formatted(kib(), ram));
        case PRIVATE, TINY ->
            incoming
                ? split("-m %dK -object %s -M pc,memory-backend=pc.ram".formatted(kib(), ram))
                : split("-M pc -m %dK".formatted(kib()));
        case DIMM ->
            split(
                "-m %dK,slots=2,maxmem=1G -object %s -M pc,memory-backend=pc.ram"
                        .formatted(kib(), ram)
                    + " -object memory-backend-file,id=plugged,share=on,size=48M,mem-path="
                    + files.formatted("plugged")
                    + " -device pc-dimm,memdev=plugged");
        case GRAPHICS ->
            split(
                (incoming
                        ? "-m %dK -object %s -M pc,memory-backend=pc.ram".formatted(kib(), ram)
                        : "-M pc -m %dK".formatted(kib()))
                    + " -device VGA,vgamem_mb=64");
        case NUMA_Q35 ->
            split(
                "-M q35 -smp 2 -m %dK -object %s -object %s"
                        .formatted(
                            2 * kib(),
                            backend.formatted("node0", "node0"),
                            backend.formatted("node1", "node1"))
                    + " -numa node,memdev=node0,cpus=0 -numa node,memdev=node1,cpus=1"
                    + " -device VGA -device pcie-root-port,id=rp1,slot=1"
                    + " -device virtio-rng-pci,bus=rp1");
      };
    }
  }

  private QemuTestVm(Path directory, Shape shape, List<String> guestOptions, Process process) {
    this.directory = directory;
    this.shape = shape;
    this.guestOptions = guestOptions;
    this.process = process;
  }

  /**
   * Starts the guest that checks its own memory, and waits until it ticks.
   *
   * @param directory for its files; its path must be short
   * @param options as in src/test/guest/churn.c
   */
  public static QemuTestVm churn(Path directory, Shape shape, String options) throws IOException {
    TestGuests.requireQemu();
    List<String> guest =
        List.of("-kernel", TestGuests.churnKernel().toString(), "-append", options);
    QemuTestVm vm = start(directory, shape, guest);
    return vm.whenUp();
  }

  /** Starts Linux, and waits until it ticks. */
  public static QemuTestVm linux(Path directory, Shape shape) throws IOException {
    TestGuests.requireQemu();
    List<String> guest =
        List.of(
            "-kernel", TestGuests.linuxKernel().toString(),
            "-initrd", TestGuests.linuxInitrd().toString(),
            "-append", "console=ttyS0 quiet panic=1");
    QemuTestVm vm = start(directory, shape, guest);
    return vm.whenUp();
  }

  private static QemuTestVm start(Path directory, Shape shape, List<String> guest)
      throws IOException {
    Files.createDirectories(directory);
    List<String> command = new ArrayList<>(List.of("qemu-system-x86_64", "-accel", "tcg"));
    command.addAll(shape.options(directory + "/%s", false));
    command.addAll(guest);
    command.addAll(
        List.of(
            "-nodefaults",
            "-display",
            "none",
            "-serial",
            "file:" + directory.resolve(SERIAL),
            "-qmp",
            "unix:" + directory.resolve("qmp.sock") + ",server=on,wait=off",
            "-qmp",
            "unix:" + directory.resolve("operator.sock") + ",server=on,wait=off"));
    Process process =
        new ProcessBuilder(command)
            .redirectInput(new File("/dev/null"))
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("qemu.log").toFile())
            .start();
    QemuTestVm vm = new QemuTestVm(directory, shape, guest, process);
    long deadline = System.nanoTime() + START_NS;
    while (!Files.exists(directory.resolve("qmp.sock"))) {
      if (!process.isAlive() || System.nanoTime() > deadline) {
        vm.close();
        throw new IOException(
            "QEMU did not start: " + Files.readString(directory.resolve("qemu.log")));
      }
      LockSupport.parkNanos(2_000_000);
    }
    return vm;
  }

  private QemuTestVm whenUp() throws IOException {
    try {
      serial()
          .await(lines -> !isAlive() || lines.stream().anyMatch(one -> one.startsWith("T ")), "T");
    } catch (AssertionError silent) {
      close();
      throw silent;
    }
    if (!isAlive()) {
      throw new IOException("QEMU ended: " + Files.readString(directory.resolve("qemu.log")));
    }
    return this;
  }

  /** How a peer adopts this machine as its guest "vm". */
  public QemuGuestConfig guestConfig() {
    return guestConfig(SET_UP);
  }

  /** The same, with a limit of its own for QEMU's set-up. */
  QemuGuestConfig guestConfig(Duration setUp) {
    return new QemuGuestConfig("vm", directory.resolve("qmp.sock"), Map.of(), setUp);
  }

  /** Where its operator reaches it, beside its peer. */
  public Path operatorSocket() {
    return directory.resolve("operator.sock");
  }

  /** How a peer receives a machine like this, whatever its name. */
  public QemuAdapterConfig adapterConfig() {
    return adapterConfig(shape);
  }

  /** How a peer receives a machine of some shape that runs the same guest. */
  public QemuAdapterConfig adapterConfig(Shape wanted) {
    List<String> command = new ArrayList<>(List.of("qemu-system-x86_64", "-accel", "tcg"));
    command.addAll(wanted.options("${ram:%s}", true));
    command.addAll(guestOptions);
    command.addAll(List.of("-nodefaults", "-display", "none", "-serial", "file:${home}/" + SERIAL));
    return new QemuAdapterConfig(List.of(new QemuAdapterConfig.Template("*", command)), SET_UP);
  }

  /** What the guest printed here. */
  public SerialLog serial() {
    return new SerialLog(directory.resolve(SERIAL));
  }

  /** Whether QEMU still runs. */
  public boolean isAlive() {
    return process.isAlive();
  }

  /** Kills QEMU, as a crash of it would. */
  public void kill() {
    QemuProcess.kill(process.toHandle());
  }

  @Override
  public void close() {
    kill();
  }

  private static List<String> split(String options) {
    return List.of(options.split(" "));
  }
}

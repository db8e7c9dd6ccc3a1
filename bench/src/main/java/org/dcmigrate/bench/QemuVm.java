package org.dcmigrate.bench;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.dcmigrate.ctl.demo.DemoCommand;

/**
 * A virtual machine: unmodified QEMU with the small program of the demonstration inside, which
 * fills memory, writes a part of it again at every tick, and counts its ticks on the serial line.
 */
final class QemuVm implements AutoCloseable {
  static final String REMEDY = "apt-get install qemu-system-x86";

  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final Duration MIGRATION_PATIENCE = Duration.ofMinutes(10);
  private static final int PAGE_BYTES = 4096;
  private static final int KIB = 1024;
  private static final int SERIAL_END_BYTES = 128;
  private static final Pattern TICK = Pattern.compile("\nT (\\d+)\r?(?=\n)");

  // Not a multiple of 256 KiB: without KVM, QEMU before 9.0 loses writes of guests with such sizes.
  private static final long TRAP_KIB = 256;
  private static final long ODD_KIB = 128;
  // Below the program's pages lie itself and the first MiBs; above them nothing need be.
  private static final long SPARE_BYTES = 16L << 20;
  private static final long MOST_BYTES_PER_SECOND = 1L << 40;

  private final Process process;
  private final Path serial;
  private final Qmp qmp;

  private QemuVm(Process process, Path serial, Qmp qmp) {
    this.process = process;
    this.serial = serial;
    this.qmp = qmp;
  }

  /**
   * What a virtual machine does.
   *
   * @param contentBytes of memory that are written once
   * @param writtenPages that are written again at each tick
   * @param centisecondsPerTick 0: as many ticks as the processor can do
   */
  record Work(long contentBytes, int writtenPages, int centisecondsPerTick) {
    long kib() {
      long needed = (contentBytes + (long) writtenPages * PAGE_BYTES + SPARE_BYTES) / KIB;
      return needed / TRAP_KIB * TRAP_KIB + ODD_KIB;
    }

    String kernelOptions() {
      return "A=%d D=%d H=%d V=0"
          .formatted(contentBytes / PAGE_BYTES, writtenPages, centisecondsPerTick);
    }
  }

  /** Where QEMU is, if it is installed. */
  static Optional<Path> program() {
    return Shell.find("qemu-system-x86_64");
  }

  /** The machine, the same at both ends. */
  static List<String> machine(Path program, Work work, String memoryFile) {
    return new ArrayList<>(
        List.of(
            program.toString(),
            "-accel",
            "tcg",
            "-m",
            work.kib() + "K",
            "-object",
            "memory-backend-file,id=pc.ram,share=on,size="
                + work.kib()
                + "K,mem-path="
                + memoryFile,
            "-machine",
            "pc,memory-backend=pc.ram",
            "-nodefaults",
            "-display",
            "none"));
  }

  /** Starts a virtual machine and waits until it has filled its memory. */
  static QemuVm start(
      Workspace workspace, Network network, String host, Path program, String name, Work work)
      throws BenchException {
    Path kernel = workspace.directory().resolve("guest.elf");
    try (InputStream image = DemoCommand.class.getResourceAsStream("churn.elf")) {
      if (image == null) {
        throw new BenchException("the guest's program is missing from this build");
      }
      Files.copy(image, kernel, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException failed) {
      throw new BenchException("the guest's program cannot be written: " + failed, failed);
    }
    QemuVm vm =
        start(
            workspace,
            network,
            host,
            program,
            name,
            work,
            List.of("-kernel", kernel.toString(), "-append", work.kernelOptions()));
    Await.until(name + " has filled its memory", PATIENCE, () -> vm.ticks() > 0);
    return vm;
  }

  /** Starts one that waits for another one's memory; gives it and leaves the port to QEMU. */
  static QemuVm startIncoming(
      Workspace workspace,
      Network network,
      String host,
      Path program,
      String name,
      Work work,
      String uri)
      throws BenchException {
    return start(workspace, network, host, program, name, work, List.of("-incoming", uri));
  }

  private static QemuVm start(
      Workspace workspace,
      Network network,
      String host,
      Path program,
      String name,
      Work work,
      List<String> more)
      throws BenchException {
    Path directory = workspace.directory();
    Path serial = directory.resolve(name + ".serial");
    List<String> command = machine(program, work, ram(directory, name).toString());
    command.addAll(more);
    command.addAll(List.of("-serial", "file:" + serial));
    for (String socket : List.of(dcmSocket(name), name + ".mon")) {
      command.addAll(List.of("-qmp", "unix:" + directory.resolve(socket) + ",server=on,wait=off"));
    }
    Process process = workspace.start(name, network.on(host, command));
    try {
      Qmp qmp = Qmp.connect(directory.resolve(name + ".mon"), PATIENCE);
      return new QemuVm(process, serial, qmp);
    } catch (BenchException failed) {
      throw new BenchException(
          "%s: %s %s".formatted(name, failed.sentence(), workspace.printed(name)), failed);
    }
  }

  /** Its memory file. */
  static Path ram(Path directory, String name) {
    return directory.resolve(name + ".ram");
  }

  /** Name of the monitor's socket that a daemon may have for itself. */
  static String dcmSocket(String name) {
    return name + ".qmp";
  }

  Process process() {
    return process;
  }

  Qmp qmp() {
    return qmp;
  }

  /** The last tick on its serial line; 0: none yet. */
  long ticks() throws BenchException {
    try (FileChannel channel = FileChannel.open(serial, StandardOpenOption.READ)) {
      // A long line of ticks would take long to read.
      ByteBuffer end = ByteBuffer.allocate(SERIAL_END_BYTES);
      int _ = channel.read(end, Math.max(0, channel.size() - SERIAL_END_BYTES));
      return lastTick(new String(end.array(), 0, end.position(), StandardCharsets.US_ASCII));
    } catch (NoSuchFileException notYet) {
      return 0;
    } catch (IOException failed) {
      throw new BenchException("the guest's serial line cannot be read: " + failed, failed);
    }
  }

  /** The last tick that was told to its end; 0: none. */
  static long lastTick(String serialEnd) {
    return TICK.matcher(serialEnd)
        .results()
        .mapToLong(tick -> Long.parseLong(tick.group(1)))
        .reduce(0, (earlier, later) -> later);
  }

  /** Begins QEMU's own migration, as fast as it goes. */
  void migrate(String uri, long downtimeMillis) throws BenchException {
    JsonObject parameters = new JsonObject();
    parameters.addProperty("max-bandwidth", MOST_BYTES_PER_SECOND);
    parameters.addProperty("downtime-limit", downtimeMillis);
    var _ = qmp.execute("migrate-set-parameters", parameters);
    JsonObject where = new JsonObject();
    where.addProperty("uri", uri);
    var _ = qmp.execute("migrate", where);
  }

  /** Gives QEMU's own migration up; the guest runs on. */
  void cancelMigration() throws BenchException {
    var _ = qmp.execute("migrate_cancel");
    Await.until(
        "QEMU's migration is cancelled",
        PATIENCE,
        () -> migration().get("status").getAsString().equals("cancelled"));
  }

  /** When the guest was stopped here the last time. */
  double stoppedAt() throws BenchException {
    return qmp.last("STOP")
        .orElseThrow(() -> new BenchException("the guest was never stopped"))
        .atSeconds();
  }

  /** The state of QEMU's own migration. */
  JsonObject migration() throws BenchException {
    return qmp.execute("query-migrate").getAsJsonObject();
  }

  /** The part of its memory that QEMU's own migration has gone through in its first pass. */
  double migrated() throws BenchException {
    JsonObject now = migration();
    if (!now.has("ram")) {
      return 0;
    }
    JsonObject ram = now.getAsJsonObject("ram");
    double total = ram.get("total").getAsDouble();
    return total == 0 ? 0 : 1 - ram.get("remaining").getAsDouble() / total;
  }

  /** Waits until QEMU's own migration is over at this end. */
  void awaitMigrated() throws BenchException {
    Await.until(
        "QEMU has migrated",
        MIGRATION_PATIENCE,
        () -> {
          JsonObject now = migration();
          String status = now.has("status") ? now.get("status").getAsString() : "";
          if (status.equals("failed") || status.equals("cancelled")) {
            throw new BenchException("QEMU's migration did not complete: " + now);
          }
          return status.equals("completed");
        });
  }

  /** Waits until the guest runs here; gives when it began to. */
  double awaitResumed() throws BenchException {
    Await.until("the guest resumes", PATIENCE, () -> qmp.last("RESUME").isPresent());
    return qmp.last("RESUME").orElseThrow().atSeconds();
  }

  /** Ends the machine and deletes its files. */
  @Override
  public void close() {
    qmp.close();
    Workspace.end(process);
    String name = serial.getFileName().toString().replace(".serial", "");
    try {
      for (String file : List.of(name + ".ram", name + ".mon", dcmSocket(name), name + ".serial")) {
        Files.deleteIfExists(serial.resolveSibling(file));
      }
    } catch (IOException left) {
      // Goes with the workspace.
    }
  }
}

package org.dcmigrate.ctl.demo;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.dcmigrate.v1.CreateGuestRequest;
import org.dcmigrate.v1.WritePattern;

/** What kind of guest the demonstration moves. */
sealed interface DemoGuest {
  /** The kind, as in the result. */
  String kind();

  /**
   * Guests that must run before the peers do; gives what the source's configuration says of them.
   */
  String startBefore(DemoFleet fleet, List<String> names) throws DemoException;

  /** What the configuration of a destination says. */
  String destinationYaml();

  /** Makes one guest at the source, where that is done after the peers have started. */
  void startAfter(DemoPeer source, String name) throws DemoException;

  /** What is wrong inside the guest, seen from its new place; empty: nothing. */
  String complaint(DemoPeer at, String name) throws DemoException;

  /** A guest inside the peer's process. */
  record Synthetic(long memoryBytes, long writesPerSecond) implements DemoGuest {
    @Override
    public String kind() {
      return "synthetic";
    }

    @Override
    public String startBefore(DemoFleet fleet, List<String> names) {
      return "";
    }

    @Override
    public String destinationYaml() {
      return "";
    }

    @Override
    public void startAfter(DemoPeer source, String name) {
      source
          .peers()
          .withDeadlineAfter(60, TimeUnit.SECONDS)
          .createGuest(
              CreateGuestRequest.newBuilder()
                  .setName(name)
                  .setMemoryBytes(memoryBytes)
                  .setWritesPerSecond(writesPerSecond)
                  .setPattern(WritePattern.WRITE_PATTERN_HOT_SET)
                  .setSeed(42)
                  .build());
    }

    @Override
    public String complaint(DemoPeer at, String name) {
      return "";
    }
  }

  /**
   * A virtual machine: unmodified QEMU, with a small program inside that writes memory, checks it,
   * and tells on its serial line.
   */
  record Qemu(String program, String accelerator, long memoryBytes) implements DemoGuest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final int PAGE_BYTES = 4096;
    // The rest is for the program itself and what lies below it.
    private static final int WRITTEN_PERCENT = 84;

    @Override
    public String kind() {
      return "qemu";
    }

    // Not a multiple of 256 KiB: without KVM, QEMU before 9.0 loses writes of guests with such
    // sizes.
    private long kib() {
      return memoryBytes / 1024 + 128;
    }

    private List<String> machine(String memoryFile) {
      List<String> words = new ArrayList<>();
      words.add(program);
      words.addAll(List.of("-accel", accelerator));
      words.addAll(List.of("-m", kib() + "K"));
      words.addAll(
          List.of(
              "-object",
              "memory-backend-file,id=pc.ram,share=on,size=" + kib() + "K,mem-path=" + memoryFile));
      words.addAll(List.of("-machine", "pc,memory-backend=pc.ram"));
      words.addAll(List.of("-nodefaults", "-display", "none"));
      return words;
    }

    @Override
    public String startBefore(DemoFleet fleet, List<String> names) throws DemoException {
      StringBuilder yaml = new StringBuilder("guests:\n  qemu:\n");
      Path kernel = fleet.directory().resolve("guest.elf");
      try (InputStream image = Qemu.class.getResourceAsStream("churn.elf")) {
        if (image == null) {
          throw new DemoException("the guest's program is missing from this build");
        }
        Files.copy(image, kernel, StandardCopyOption.REPLACE_EXISTING);
        for (String name : names) {
          start(fleet, name, kernel);
          yaml.append("    - {name: ")
              .append(name)
              .append(", qmp: ")
              .append(name)
              .append(".qmp}\n");
        }
        return yaml.toString();
      } catch (IOException failed) {
        throw new DemoException("the virtual machine cannot be started: " + failed, failed);
      }
    }

    private void start(DemoFleet fleet, String name, Path kernel)
        throws IOException, DemoException {
      Path directory = fleet.directory();
      long pages = memoryBytes / PAGE_BYTES * WRITTEN_PERCENT / 100;
      List<String> command = machine(directory.resolve(name + ".ram").toString());
      command.addAll(List.of("-kernel", kernel.toString()));
      command.addAll(List.of("-append", "A=" + pages + " D=64 H=10 V=512"));
      command.addAll(List.of("-serial", "file:" + directory.resolve(name + ".serial")));
      command.addAll(
          List.of("-qmp", "unix:" + directory.resolve(name + ".qmp") + ",server=on,wait=off"));
      Process process =
          new ProcessBuilder(command)
              .redirectInput(Path.of("/dev/null").toFile())
              .redirectErrorStream(true)
              .redirectOutput(directory.resolve(name + ".log").toFile())
              .start();
      fleet.own(process);
      long deadlineNs = System.nanoTime() + PATIENCE.toNanos();
      while (lastTick(directory.resolve(name + ".serial")) < 0) {
        if (!process.isAlive() || System.nanoTime() > deadlineNs) {
          throw new DemoException(
              "QEMU did not start: " + Files.readString(directory.resolve(name + ".log")));
        }
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
      }
    }

    @Override
    public String destinationYaml() {
      List<String> command = machine("${ram:pc.ram}");
      command.addAll(List.of("-serial", "file:${home}/serial"));
      StringBuilder yaml = new StringBuilder("qemu:\n  templates:\n    - command:\n");
      command.forEach(word -> yaml.append("        - \"").append(word).append("\"\n"));
      return yaml.toString();
    }

    @Override
    public void startAfter(DemoPeer source, String name) {}

    @Override
    public String complaint(DemoPeer at, String name) throws DemoException {
      try (Stream<Path> homes = Files.list(at.runDirectory())) {
        for (Path home : homes.toList()) {
          Path serial = home.resolve("serial");
          if (Files.exists(serial)) {
            return goesOn(serial);
          }
        }
        return "no virtual machine was found at " + at.name();
      } catch (IOException failed) {
        throw new DemoException("the virtual machine's serial line cannot be read", failed);
      }
    }

    /** Waits for three ticks more, with the guest checking its memory all the while. */
    private static String goesOn(Path serial) throws IOException {
      long deadlineNs = System.nanoTime() + PATIENCE.toNanos();
      long first = -1;
      while (System.nanoTime() < deadlineNs) {
        if (Files.readString(serial).contains("BAD")) {
          return "the guest found its memory changed";
        }
        long tick = lastTick(serial);
        if (first < 0) {
          first = tick;
        }
        if (first >= 0 && tick >= first + 3) {
          return "";
        }
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
      }
      return "the guest does not go on";
    }

    private static long lastTick(Path serial) throws IOException {
      if (!Files.exists(serial)) {
        return -1;
      }
      return Files.readString(serial)
          .lines()
          .map(String::strip)
          .filter(line -> line.matches("T \\d+"))
          .mapToLong(line -> Long.parseLong(line.substring(2)))
          .reduce(-1, (earlier, later) -> later);
    }
  }
}

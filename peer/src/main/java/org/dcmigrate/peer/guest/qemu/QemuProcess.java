package org.dcmigrate.peer.guest.qemu;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Reason;

/** The QEMU processes that this peer started: starts, finds and kills them. */
final class QemuProcess {
  private static final long KILL_SECONDS = 10;

  private QemuProcess() {}

  /** Starts QEMU in a session of its own, so that no signal to this process's group meets it. */
  static Process start(List<String> command, QemuFiles files) throws DcmException {
    List<String> detached = new ArrayList<>(List.of("setsid"));
    detached.addAll(command);
    try {
      return new ProcessBuilder(detached)
          .directory(files.home().toFile())
          .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
          .redirectErrorStream(true)
          .redirectOutput(files.log().toFile())
          .start();
    } catch (IOException failed) {
      throw new DcmException(
          Reason.GUEST_FAILED,
          "QEMU cannot be started with setsid %s: %s"
              .formatted(command.getFirst(), failed.getMessage()),
          failed);
    }
  }

  /** The QEMU that lives in a directory, whoever started it. */
  static Optional<ProcessHandle> find(QemuFiles files) {
    try {
      long pid = Long.parseLong(Files.readString(files.pid()).strip());
      Optional<ProcessHandle> named = ProcessHandle.of(pid).filter(one -> livesIn(one, files));
      if (named.isPresent()) {
        return named;
      }
    } catch (IOException | NumberFormatException unwritten) {
      // It may have been started a moment before this peer died; then it is found by its arguments.
    }
    return ProcessHandle.allProcesses().filter(one -> livesIn(one, files)).findFirst();
  }

  /** Kills the QEMU that lives in a directory, and waits until it is gone. */
  static void kill(QemuFiles files) {
    find(files).ifPresent(QemuProcess::kill);
  }

  /** Kills a process that is known to be a QEMU of ours. */
  static void kill(ProcessHandle process) {
    process.destroyForcibly();
    try {
      process.onExit().get(KILL_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException stuck) {
      // In an uninterruptible wait of the kernel; the kill takes effect when that ends.
    }
  }

  /** Process ids are used again: only the arguments tell whose it is. */
  private static boolean livesIn(ProcessHandle process, QemuFiles files) {
    try {
      Path file = Path.of("/proc/" + process.pid() + "/cmdline");
      List<String> arguments =
          Arrays.asList(Files.readString(file, StandardCharsets.ISO_8859_1).split("\0"));
      String socket =
          new String(
              files.socket().toString().getBytes(StandardCharsets.UTF_8),
              StandardCharsets.ISO_8859_1);
      return arguments.contains("-incoming")
          && arguments.stream()
              .anyMatch(
                  one -> one.equals("unix:" + socket) || one.startsWith("unix:" + socket + ","));
    } catch (IOException gone) {
      return false;
    }
  }
}

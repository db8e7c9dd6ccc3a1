package org.dcmigrate.peer.guest.qemu;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * What runs in a test's virtual machine: the memory checker, and Linux; both built on first use.
 */
public final class TestGuests {
  private static final Path SOURCES = Path.of("src/test/guest");
  private static final Path TARGET = Path.of("target/test-guests");

  private TestGuests() {}

  /**
   * Skips the test where QEMU is not installed, or fails it where DCM_REQUIRE_QEMU=1 says that it
   * must be.
   */
  public static void requireQemu() {
    require(program("qemu-system-x86_64").isPresent(), "qemu-system-x86_64 is not installed");
    require(program("gcc").isPresent(), "gcc, which builds the test guest, is not installed");
  }

  private static void require(boolean met, String otherwise) {
    if (!met && "1".equals(System.getenv("DCM_REQUIRE_QEMU"))) {
      throw new AssertionError(otherwise + ", but DCM_REQUIRE_QEMU=1");
    }
    assumeTrue(met, otherwise);
  }

  private static Optional<Path> program(String name) {
    return Stream.of(System.getenv("PATH").split(":"))
        .map(directory -> Path.of(directory, name))
        .filter(Files::isExecutable)
        .findFirst();
  }

  /** The kernel of src/test/guest/churn.c, which checks its own memory. */
  public static Path churnKernel() throws IOException {
    Path source = SOURCES.resolve("churn.c").toAbsolutePath();
    Path script = SOURCES.resolve("churn.ld").toAbsolutePath();
    Path kernel = TARGET.resolve("churn.elf").toAbsolutePath();
    if (isNewer(kernel, source) && isNewer(kernel, script)) {
      return kernel;
    }
    Files.createDirectories(TARGET);
    Path fresh = Files.createTempFile(TARGET.toAbsolutePath(), "churn", ".elf");
    String flags =
        "-m32 -O2 -ffreestanding -nostdlib -static -fno-pic -no-pie -fno-stack-protector"
            + " -mgeneral-regs-only -Wl,--build-id=none,--no-warn-rwx-segments";
    List<String> command = new ArrayList<>(List.of("gcc"));
    command.addAll(List.of(flags.split(" ")));
    command.addAll(List.of("-Wl,-T," + script, "-o", fresh.toString(), source.toString()));
    run(command, TARGET);
    // Renamed into place: tests of other processes may be building it too.
    Files.move(fresh, kernel, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    return kernel;
  }

  /** The Linux kernel that DCM_TEST_KERNEL names; skips the test where it names none. */
  public static Path linuxKernel() {
    String path = System.getenv("DCM_TEST_KERNEL");
    require(
        path != null && Files.isReadable(Path.of(path)) && Files.exists(Path.of("/bin/busybox")),
        "DCM_TEST_KERNEL names no Linux kernel, or busybox-static is not installed");
    require(program("cpio").isPresent(), "cpio is not installed");
    return Path.of(String.valueOf(path));
  }

  /** An initial file system whose only process prints {@code T n} ten times a second. */
  public static Path linuxInitrd() throws IOException {
    Path initrd = TARGET.resolve("initrd.cpio").toAbsolutePath();
    Path root = Files.createTempDirectory(Files.createDirectories(TARGET), "initrd");
    Files.createDirectories(root.resolve("bin"));
    Files.createDirectories(root.resolve("dev"));
    Files.copy(Path.of("/bin/busybox"), root.resolve("bin/busybox"));
    Path init = root.resolve("init");
    Files.writeString(
        init,
        """
        #!/bin/busybox sh
        /bin/busybox mount -t devtmpfs dev /dev
        exec >/dev/ttyS0 2>&1
        n=0
        while true; do n=$((n+1)); echo "T $n"; /bin/busybox usleep 100000; done
        """);
    init.toFile().setExecutable(true);
    Path fresh = Files.createTempFile(TARGET.toAbsolutePath(), "initrd", ".cpio");
    run(List.of("sh", "-c", "find . | cpio -o -H newc --quiet > " + fresh), root);
    Files.move(fresh, initrd, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    return initrd;
  }

  private static boolean isNewer(Path built, Path source) throws IOException {
    return Files.exists(built)
        && Files.getLastModifiedTime(built).compareTo(Files.getLastModifiedTime(source)) > 0;
  }

  private static void run(List<String> command, Path directory) throws IOException {
    Process process =
        new ProcessBuilder(command).directory(directory.toFile()).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    try {
      if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
        throw new IOException(command + " failed: " + output);
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IOException(interrupted);
    }
  }
}

package org.dcmigrate.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Where something was measured; the names are those of the JSON document.
 *
 * @param qemu its version as it says; empty: not installed
 */
record Machine(
    String processor,
    int processors,
    long memoryBytes,
    String kernel,
    String architecture,
    String java,
    String qemu) {
  private static final double GIB = 1 << 30;
  private static final long KIB = 1024;

  static Machine here() {
    return new Machine(
        firstIn("/proc/cpuinfo", "model name").orElse("unknown"),
        Runtime.getRuntime().availableProcessors(),
        firstIn("/proc/meminfo", "MemTotal")
            .map(text -> KIB * Long.parseLong(text.replaceAll("\\D", "")))
            .orElse(0L),
        System.getProperty("os.name") + " " + System.getProperty("os.version"),
        System.getProperty("os.arch"),
        System.getProperty("java.vm.version"),
        QemuVm.program().map(Machine::version).orElse(""));
  }

  /** For people. */
  String text() {
    return Text.format(
        "%d x %s, %.0f GiB; %s %s; JDK %s; %s\n",
        processors,
        processor,
        memoryBytes / GIB,
        kernel,
        architecture,
        java,
        qemu.isEmpty() ? "no QEMU" : qemu);
  }

  private static String version(Path program) {
    try {
      return Shell.run(List.of(program.toString(), "--version")).lines().findFirst().orElse("");
    } catch (BenchException broken) {
      return "";
    }
  }

  /** The value of the first line "KEY : VALUE". */
  private static Optional<String> firstIn(String file, String key) {
    try {
      return Files.readAllLines(Path.of(file)).stream()
          .filter(line -> line.startsWith(key) && line.contains(":"))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst();
    } catch (IOException none) {
      return Optional.empty();
    }
  }
}

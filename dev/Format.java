import com.google.googlejavaformat.java.Formatter;
import com.google.googlejavaformat.java.FormatterException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Formats every Java source of the tree; with --check it only names those that are not formatted.
 */
final class Format {
  public static void main(String[] args) throws IOException {
    boolean check = args.length == 1 && args[0].equals("--check");
    Path root = Path.of("").toAbsolutePath();
    List<Path> sources;
    try (var modules = Files.list(root)) {
      sources = modules.map(module -> module.resolve("src")).flatMap(Format::javaFiles).toList();
    }
    List<Path> unformatted = sources.parallelStream().filter(path -> !format(path, check)).toList();
    unformatted.forEach(path -> System.err.println("not formatted: " + root.relativize(path)));
    if (!unformatted.isEmpty()) {
      System.err.println("Remedy: run dev/format.");
      System.exit(1);
    }
  }

  private static Stream<Path> javaFiles(Path folder) {
    if (!Files.isDirectory(folder)) {
      return Stream.empty();
    }
    try (var paths = Files.walk(folder)) {
      return paths.filter(path -> path.toString().endsWith(".java")).toList().stream();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns whether the file is as it should be at the end. */
  private static boolean format(Path path, boolean check) {
    try {
      String before = Files.readString(path);
      String after = new Formatter().formatSourceAndFixImports(before);
      if (before.equals(after)) {
        return true;
      }
      if (!check) {
        Files.writeString(path, after);
        System.err.println("formatted: " + path);
      }
      return !check;
    } catch (FormatterException e) {
      System.err.println(path + ": " + e.getMessage());
      return false;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

package org.dcmigrate.conformance;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.dcmigrate.conformance.adapter.Adapter;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The command {@code dcm-conformance adapter-skeleton}. */
@Command(
    name = "adapter-skeleton",
    mixinStandardHelpOptions = true,
    description = {
      "Writes an adapter to fill in, and a target file that names it, into a directory.",
      "The adapter answers Describe as it is; it needs its language and nothing else.",
      "",
      "Exit codes: 0 written; 2 wrong usage, or a file is there already."
    })
final class AdapterSkeletonCommand implements Callable<Integer> {
  private static final int WRONG_USAGE = 2;

  @Option(
      names = "--language",
      required = true,
      paramLabel = "LANGUAGE",
      description = "node or python.")
  private Language language = Language.python;

  @Parameters(paramLabel = "DIR", description = "Where to; made where it does not exist.")
  private Path directory = Path.of(".");

  @Spec private CommandSpec spec;

  /** What adapters are written in. */
  enum Language {
    node("adapter.mjs", "node"),
    python("adapter.py", "python3");

    private final String file;
    private final String program;

    Language(String file, String program) {
      this.file = file;
      this.program = program;
    }
  }

  @Override
  public Integer call() {
    try {
      Files.createDirectories(directory);
      write(language.file, resource(language.file));
      write(
          "target.yaml",
          "adapter: [%s, %s]%ntransport: plaintext%n".formatted(language.program, language.file));
      return CommandLine.ExitCode.OK;
    } catch (FileAlreadyExistsException there) {
      spec.commandLine().getErr().println("dcm-conformance: " + there.getFile() + " is there");
      return WRONG_USAGE;
    } catch (IOException failed) {
      spec.commandLine().getErr().println("dcm-conformance: " + failed);
      return WRONG_USAGE;
    }
  }

  private void write(String name, String text) throws IOException {
    Path file = directory.resolve(name);
    if (Files.exists(file)) {
      throw new FileAlreadyExistsException(file.toString());
    }
    Files.writeString(file, text);
    spec.commandLine().getOut().println(file);
  }

  private static String resource(String name) throws IOException {
    try (InputStream in =
        Optional.ofNullable(Adapter.class.getResourceAsStream(name)).orElseThrow()) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}

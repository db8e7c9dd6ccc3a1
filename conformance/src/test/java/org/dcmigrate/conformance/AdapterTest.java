package org.dcmigrate.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.dcmigrate.conformance.adapter.Adapter;
import org.dcmigrate.conformance.config.TargetFile;
import org.dcmigrate.conformance.v1.CreateGuestRequest;
import org.dcmigrate.conformance.v1.Description;
import org.dcmigrate.conformance.v1.PrepareRequest;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Reason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Adapters as processes: the skeletons, and such as do not behave. */
class AdapterTest {
  @TempDir private Path directory;

  @ParameterizedTest
  @CsvSource({"python, python3, adapter.py", "node, node, adapter.mjs"})
  void theSkeletonRuns(String language, String program, String file) throws Exception {
    assumeTrue(isInstalled(program), program + " is not installed");
    StringWriter out = new StringWriter();
    assertThat(skeleton(out, language)).isZero();
    assertThat(out.toString()).contains(file).contains("target.yaml");
    assertThat(Files.readAllLines(directory.resolve(file))).hasSizeLessThan(200);
    assertThat(skeleton(out, language)).as("does not write over what is there").isEqualTo(2);

    TargetFile.Target.ToStart start =
        (TargetFile.Target.ToStart) TargetFile.read(directory.resolve("target.yaml"));
    try (Adapter adapter = Adapter.start(start.adapter(), start.directory())) {
      Description description = adapter.describe();
      assertThat(description.getName()).isEqualTo("my-peer 0.1");
      assertThat(description.getClaims(0).getRole()).isEqualTo("destination");
      adapter.prepare(
          PrepareRequest.newBuilder()
              .setDirectory(directory.toString())
              .setName("m\u00fc")
              .setListen("127.0.0.1:1")
              .build());
      assertThat(Files.readString(directory.resolve("config.json"))).contains("127.0.0.1:1");
      assertThatThrownBy(
              () ->
                  adapter.createGuest(
                      CreateGuestRequest.newBuilder()
                          .setName("a")
                          .setMemoryBytes(1L << 40)
                          .build()))
          .isInstanceOfSatisfying(
              DcmException.class,
              failed -> assertThat(failed.reason()).isEqualTo(Reason.GUEST_UNSUPPORTED));
      assertThatThrownBy(adapter::start).hasMessageContaining("adapter on Start");
      adapter.crash();
      adapter.stop();
    }
  }

  @Test
  void saysThatTheAdapterEnded() throws Exception {
    try (Adapter adapter = Adapter.start(List.of("true"), directory)) {
      assertThatThrownBy(adapter::describe).hasMessageContaining("the adapter has ended");
    }
    try (Adapter adapter = Adapter.start(List.of("echo", "hello adapter"), directory)) {
      assertThatThrownBy(adapter::describe)
          .hasMessageContaining("does something else write to this pipe?");
    }
    assertThatThrownBy(() -> Adapter.start(List.of("./no-such-adapter"), directory))
        .hasMessageContaining("cannot be run");
  }

  private int skeleton(StringWriter out, String language) {
    return Main.commandLine()
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(out, true))
        .execute("adapter-skeleton", "--language", language, directory.toString());
  }

  private static boolean isInstalled(String program) {
    return Stream.of(System.getenv("PATH").split(":"))
        .anyMatch(each -> Files.isExecutable(Path.of(each, program)));
  }
}

package org.dcmigrate.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.dcmigrate.conformance.config.TargetFile;
import org.dcmigrate.conformance.play.Cast;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Reason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The file that describes a target: what it gives, and what it says of a wrong one. */
class TargetFileTest {
  private static final String RIGHT =
      """
      endpoint: 127.0.0.1:7444
      identity: spiffe://test/peer/mine
      plaintextOnLoopback: true
      claims: {source: 2, destination: 3}
      capabilities: [contributor, guest.synthetic]
      silenceMs: 9000
      tester:
        first: {identity: spiffe://test/peer/tester, listen: 127.0.0.1:7500}
        second: {identity: spiffe://test/peer/tester-2, listen: 127.0.0.1:7501}
        witness: {name: w, identity: spiffe://test/peer/w, listen: 127.0.0.1:7502}
        operator: {identity: spiffe://test/operator/tester}
      """;

  @TempDir private Path directory;

  @Test
  void readsAPeerThatRuns() throws Exception {
    assertThat(read(RIGHT))
        .isInstanceOfSatisfying(
            TargetFile.Target.Running.class,
            running -> {
              assertThat(running.config().claims().levels())
                  .isEqualTo(Map.of("source", 2, "destination", 3));
              Cast cast = running.config().cast();
              assertThat(cast.second().orElseThrow().name()).isEqualTo("tester-2");
              assertThat(cast.witness().orElseThrow().name()).isEqualTo("w");
              assertThat(cast.silence()).hasSeconds(9);
              assertThat(running.config().adapter()).isEmpty();
            });
  }

  @Test
  void readsAPeerToStart() throws Exception {
    assertThat(read("adapter: [python3, adapter.py]\ntransport: tls\n"))
        .isInstanceOfSatisfying(
            TargetFile.Target.ToStart.class,
            start -> {
              assertThat(start.adapter()).containsExactly("python3", "adapter.py");
              assertThat(start.tls()).isTrue();
              assertThat(start.directory()).isEqualTo(directory.toAbsolutePath());
            });
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          endpoint: 127.0.0.1:7444       | endpoint: nowhere          | endpoint must be HOST:PORT, but is "nowhere"
          endpoint: 127.0.0.1:7444       | ''                         | endpoint is missing; without it the suite needs an adapter
          identity: spiffe://test/peer/mine | ''                      | identity
          plaintextOnLoopback: true      | ''                         | exactly one of ca and plaintextOnLoopback
          claims: {source: 2             | claims: {source: 7         | claims.source must be a whole number from 0 to 4, but is "7"
          claims: {source: 2             | claims: {sourze: 2         | claims.sourze is not a known key
          silenceMs: 9000                | caKey: ca.key              | caKey goes with ca
          silenceMs: 9000                | silenze: 9000              | silenze is not a known key
          listen: 127.0.0.1:7501         | listen: 127.0.0.1:7500     | must differ in name, identity and listen
          identity: spiffe://test/peer/w | identity: 'w w'               | tester.witness.identity must be an identity
          tester:                        | 'tester: 3 #'              | is not valid YAML
          """)
  void saysWhatIsWrong(String right, String wrong, String sentence) {
    assertThat(RIGHT).contains(right);
    assertThatThrownBy(() -> read(RIGHT.replace(right, wrong)))
        .isInstanceOfSatisfying(
            DcmException.class,
            refused -> {
              assertThat(refused.reason()).isEqualTo(Reason.FIELD_INVALID);
              assertThat(refused.sentence()).contains("target.yaml: ").contains(sentence);
            });
  }

  @Test
  void saysWhichFileIsMissing() {
    assertThatThrownBy(() -> TargetFile.read(directory.resolve("none.yaml")))
        .hasMessageContaining("none.yaml: cannot be read");
    assertThatThrownBy(() -> read("")).hasMessageContaining("is empty");
  }

  private TargetFile.Target read(String yaml) throws Exception {
    return TargetFile.read(Files.writeString(directory.resolve("target.yaml"), yaml));
  }
}

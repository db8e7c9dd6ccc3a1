package org.dcmigrate.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** {@code dcm-conformance trace-check}, as its user sees it. */
class TraceCheckCommandTest {
  private static final String APPOINTED =
      """
      {"time":"2030-01-31T10:00:00Z","peer":"w","life":"00000000-0000-0000-0000-000000000001",\
      "number":1,"migration":"00000000-0000-0000-0000-000000000002","epoch":1,"role":"voter",\
      "state":"Absent","event":"Appointed","next":"Undecided","outputs":["journal Seat"],\
      "clause":"DCM-DEC-005"}
      """;
  private static final String DISMISSED =
      APPOINTED
          .replace("\"number\":1", "\"number\":2")
          .replace("Undecided", "Ended")
          .replace("Absent", "Undecided")
          .replace("Appointed", "Dismissed")
          .replace("DCM-DEC-005", "DCM-DEC-013");

  @TempDir Path directory;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int check(Path... files) {
    CommandLine command = Main.commandLine();
    command.setOut(new PrintWriter(out));
    command.setErr(new PrintWriter(err));
    return command.execute(
        Stream.concat(Stream.of("trace-check"), Stream.of(files).map(Path::toString))
            .toArray(String[]::new));
  }

  private Path file(String text) throws IOException {
    return Files.writeString(directory.resolve("w.trace"), text);
  }

  @Test
  void aSoundTrace() throws IOException {
    assertThat(check(file(APPOINTED + DISMISSED))).isZero();
    assertThat(out).hasToString("2 events of 1 peers and 1 migrations: no rule is broken\n");
  }

  @Test
  void aBrokenOneIsExplained() throws IOException {
    String stays = DISMISSED.replace("\"Ended\"", "\"Promised\"");
    assertThat(check(file(APPOINTED + stays))).isOne();
    assertThat(out.toString())
        .startsWith(
            "w.trace:2: DCM-STA-002: voter Undecided, Dismissed leads to Promised; the table has"
                + " Ended\n");
  }

  @Test
  void aLineThatIsNoEventIsNamed() throws IOException {
    assertThat(check(file(APPOINTED + "{}\n"))).isOne();
    assertThat(out.toString()).startsWith("w.trace:2: DCM-OBS-001: has no field outputs\n");
  }

  @Test
  void nothingIsNotSound() throws IOException {
    assertThat(check(file(""))).isOne();
    assertThat(out.toString()).contains("0 events").contains("nothing was checked");
  }

  @Test
  void aFileThatIsNotThereIsWrongUsage() {
    assertThat(check(directory.resolve("none"))).isEqualTo(2);
    assertThat(err.toString()).contains("none cannot be read");
  }
}

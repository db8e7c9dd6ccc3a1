package org.dcmigrate.peer.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.MigrationId;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.trace.Role;
import org.dcmigrate.protocol.trace.TraceEvent;
import org.dcmigrate.protocol.trace.Transition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TraceFileTest {
  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2030-01-31T10:00:00.000000007Z"), ZoneOffset.UTC);
  private static final PeerId PEER = new PeerId("spiffe://test/peer/a");
  private static final MigrationId MIGRATION = new MigrationId(new UUID(0, 1));

  @TempDir Path directory;

  private static Transition step(String event, boolean telling) {
    return new Transition(
        Role.HOLDER, 1, "Opened", event, "Opened", List.of(), "DCM-STA-002", Map.of(), telling);
  }

  @Test
  void stepsAreNumberedWithinALifeAndQuietOnesLeftOut() throws Exception {
    Path file = directory.resolve("trace");
    try (TraceFile trace = TraceFile.open(file, PEER, CLOCK)) {
      trace.stepped(MIGRATION, step("A", true));
      trace.stepped(MIGRATION, step("B", false));
      trace.stepped(MIGRATION, step("C", true));
    }
    try (TraceFile trace = TraceFile.open(file, PEER, CLOCK)) {
      trace.stepped(MIGRATION, step("D", true));
    }
    List<String> lines = Files.readAllLines(file);
    assertThat(lines).hasSize(3);
    TraceEvent first = TraceEvent.parse(lines.get(0));
    TraceEvent second = TraceEvent.parse(lines.get(1));
    TraceEvent third = TraceEvent.parse(lines.get(2));
    assertThat(first.time()).isEqualTo("2030-01-31T10:00:00.000000007Z");
    assertThat(List.of(first.number(), second.number(), third.number()))
        .containsExactly(1L, 2L, 1L);
    assertThat(second.transition().event()).isEqualTo("C");
    assertThat(second.life()).isEqualTo(first.life()).isNotEqualTo(third.life());
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
  }

  @Test
  void endsWithAWholeLineWhereItWouldBecomeTooLarge() throws Exception {
    Path file = directory.resolve("trace");
    try (TraceFile trace = TraceFile.open(file, PEER, CLOCK)) {
      trace.stepped(MIGRATION, step("A", true));
    }
    long line = Files.size(file);
    try (TraceFile trace = TraceFile.open(file, PEER, CLOCK, 3 * line + 1)) {
      for (String event : List.of("B", "C", "D", "E")) {
        trace.stepped(MIGRATION, step(event, true));
      }
    }
    assertThat(Files.size(file)).isEqualTo(3 * line);
    try (TraceFile trace = TraceFile.open(file, PEER, CLOCK, 3 * line + 100)) {
      trace.stepped(MIGRATION, step("F", true));
    }
    assertThat(Files.readAllLines(file)).hasSize(3);
  }

  @Test
  void aTornLineTakesNoOtherWithIt() throws Exception {
    Path file = Files.writeString(directory.resolve("trace"), "{\"time\":\"20");
    try (TraceFile trace = TraceFile.open(file, PEER, CLOCK)) {
      trace.stepped(MIGRATION, step("A", true));
    }
    assertThat(TraceEvent.parse(Files.readAllLines(file).get(1)).transition().event())
        .isEqualTo("A");
  }

  @Test
  void aPlaceThatCannotBeWrittenIsNamed() {
    Path file = directory.resolve("none").resolve("trace");
    assertThatExceptionOfType(DcmException.class)
        .isThrownBy(() -> TraceFile.open(file, PEER, CLOCK))
        .withMessageContaining(file.toString());
  }
}

package org.dcmigrate.peer.source;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.UUID;
import org.dcmigrate.peer.journal.Journal;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.MigrationId;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.machine.SourceRecord;
import org.dcmigrate.protocol.machine.SourceState;
import org.junit.jupiter.api.Test;

/** Which ended migrations a source need not know of after a restart. */
class ForgettableTest {
  private static final PeerId B = new PeerId("spiffe://test/peer/b");
  private static final SourceRecord OPENED = new SourceRecord.AttemptOpened(1, B, List.of());
  private static final SourceRecord LEFT =
      new SourceRecord.Ended(new SourceState.Result.Completed(B));
  private static final SourceRecord STAYED =
      new SourceRecord.Ended(new SourceState.Result.Cancelled());

  @Test
  void theLastThatAGuestLeftWithIsKept() {
    assertThat(Migrations.forgettable(List.of(entry(1, "vm", LEFT), entry(2, "other", STAYED))))
        .containsExactly(migration(2));
  }

  @Test
  void aGuestThatCameBackHasNotLeft() {
    assertThat(
            Migrations.forgettable(
                List.of(entry(1, "vm", LEFT), entry(2, "vm", STAYED), entry(3, "vm", LEFT))))
        .containsExactly(migration(1), migration(2));
    assertThat(Migrations.forgettable(List.of(entry(1, "vm", LEFT), entry(2, "vm", STAYED))))
        .containsExactly(migration(1), migration(2));
  }

  @Test
  void whatHasNotEndedIsKept() {
    assertThat(
            Migrations.forgettable(
                List.of(entry(1, "vm", LEFT), new Entry(2, "vm", List.of(OPENED)).made())))
        .containsExactly(migration(1));
  }

  private static Journal.Entry<SourceRecord> entry(int number, String guest, SourceRecord end) {
    return new Entry(number, guest, List.of(OPENED, end)).made();
  }

  private record Entry(int number, String guest, List<SourceRecord> records) {
    Journal.Entry<SourceRecord> made() {
      return new Journal.Entry<>(
          migration(number),
          new Journal.GuestEntry(guest, "synthetic", new Geometry(List.of())),
          records);
    }
  }

  private static MigrationId migration(int number) {
    return new MigrationId(new UUID(0, number));
  }
}

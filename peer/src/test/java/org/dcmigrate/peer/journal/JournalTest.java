package org.dcmigrate.peer.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.MigrationId;
import org.dcmigrate.protocol.machine.HolderRecord;
import org.dcmigrate.protocol.machine.SourceRecord;
import org.dcmigrate.protocol.machine.SourceState;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalTest {
  @TempDir Path directory;

  @Test
  void aWriteThatComesAfterTheEndIsNotDoneAndNoFailureOfTheDisk() throws Exception {
    List<Journal.JournalFailure> failures = new ArrayList<>();
    Journal journal = Journal.open(directory.resolve("journal.db"), failures::add);
    MigrationId migration = new MigrationId(new UUID(0, 1));
    journal.append(migration, new HolderRecord.Forgot(1));
    journal.close();

    assertThatExceptionOfType(Journal.JournalFailure.class)
        .isThrownBy(() -> journal.append(migration, new HolderRecord.Forgot(2)));

    assertThat(failures).isEmpty();
    try (Journal again = Journal.open(directory.resolve("journal.db"), failures::add)) {
      assertThat(again.holders().getFirst().records()).containsExactly(new HolderRecord.Forgot(1));
    }
  }

  @Test
  void thatAGuestWasPausedOutlivesARestart() throws Exception {
    MigrationId migration = new MigrationId(new UUID(0, 1));
    List<Journal.JournalFailure> failures = new ArrayList<>();
    try (Journal journal = Journal.open(directory.resolve("journal.db"), failures::add)) {
      assertThat(journal.isSourceGuestPaused(migration)).isFalse();
      journal.sourceGuestPaused(migration, true);
      journal.sourceGuestPaused(migration, true);
    }
    try (Journal again = Journal.open(directory.resolve("journal.db"), failures::add)) {
      assertThat(again.isSourceGuestPaused(migration)).isTrue();
      again.sourceGuestPaused(migration, false);
      assertThat(again.isSourceGuestPaused(migration)).isFalse();
    }
  }

  @Test
  void oneSideOfAMigrationIsRemovedWithoutTheOther() throws Exception {
    MigrationId migration = new MigrationId(new UUID(0, 1));
    List<Journal.JournalFailure> failures = new ArrayList<>();
    try (Journal journal = Journal.open(directory.resolve("journal.db"), failures::add)) {
      journal.append(migration, new HolderRecord.Forgot(1));
      journal.append(migration, new SourceRecord.Ended(new SourceState.Result.Cancelled()));
      journal.removeSources(List.of(migration));
      assertThat(journal.sources()).isEmpty();
      assertThat(journal.holders()).hasSize(1);
      journal.removeHolder(migration);
      assertThat(journal.holders()).isEmpty();
    }
    assertThat(failures).isEmpty();
  }

  @Test
  void aJournalOfAnotherFormatIsRefusedAndLeftAsItIs() throws Exception {
    Path file = directory.resolve("journal.db");
    MigrationId migration = new MigrationId(new UUID(0, 1));
    try (Journal journal = Journal.open(file, failure -> {})) {
      journal.append(migration, new HolderRecord.Forgot(1));
    }
    setFormat(file, 2);
    assertThatExceptionOfType(DcmException.class)
        .isThrownBy(() -> Journal.open(file, failure -> {}))
        .withMessageContaining("journal.db is of format 2")
        .withMessageContaining("format 1 only");
    setFormat(file, 1);
    try (Journal journal = Journal.open(file, failure -> {})) {
      assertThat(journal.holders()).hasSize(1);
    }
  }

  private static void setFormat(Path file, int format) throws SQLException {
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
        Statement statement = connection.createStatement()) {
      statement.execute("PRAGMA user_version=" + format);
    }
  }
}

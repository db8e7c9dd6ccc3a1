package org.dcmigrate.peer.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.dcmigrate.protocol.MigrationId;
import org.dcmigrate.protocol.machine.HolderRecord;
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
}

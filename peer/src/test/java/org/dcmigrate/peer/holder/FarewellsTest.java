package org.dcmigrate.peer.holder;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.UUID;
import org.dcmigrate.protocol.Attempt;
import org.dcmigrate.protocol.MigrationId;
import org.dcmigrate.protocol.PeerId;
import org.junit.jupiter.api.Test;

class FarewellsTest {
  private static final PeerId SOURCE = new PeerId("spiffe://test/peer/source");
  private static final PeerId OTHER = new PeerId("spiffe://test/peer/other");

  private final Farewells farewells = new Farewells();
  private final MigrationId migration = migration(0);

  @Test
  void anEndCoversItsOwnAndOlderEpochsOfItsCaller() {
    farewells.heard(SOURCE, new Attempt(migration, 3));
    farewells.heard(SOURCE, new Attempt(migration, 2));
    assertThat(farewells.cover(SOURCE, new Attempt(migration, 3))).isTrue();
    assertThat(farewells.cover(SOURCE, new Attempt(migration, 1))).isTrue();
    assertThat(farewells.cover(SOURCE, new Attempt(migration, 4))).isFalse();
    assertThat(farewells.cover(OTHER, new Attempt(migration, 3))).isFalse();
  }

  @Test
  void aCallerThatEndsManyPushesOutItsOwnOldestOnly() {
    farewells.heard(SOURCE, new Attempt(migration, 1));
    for (int number = 1; number <= 1001; number++) {
      farewells.heard(OTHER, new Attempt(migration(number), 1));
    }
    assertThat(farewells.cover(OTHER, new Attempt(migration(1), 1))).isFalse();
    assertThat(farewells.cover(OTHER, new Attempt(migration(2), 1))).isTrue();
    assertThat(farewells.cover(SOURCE, new Attempt(migration, 1))).isTrue();
  }

  private static MigrationId migration(int number) {
    return new MigrationId(new UUID(1, number));
  }
}

package org.dcmigrate.conformance.cases;

import com.google.protobuf.ByteString;
import java.util.List;
import org.dcmigrate.conformance.play.Chunks;
import org.dcmigrate.conformance.play.TestMigration;
import org.dcmigrate.conformance.play.Trial;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.protocol.Geometry;

/** Zero pages, and merging by generation, whatever the order in which pages come. */
final class MergeCases {
  private MergeCases() {}

  /** Adds them. */
  static void add(List<Case> cases) {
    PageCases.add(
        cases,
        "pages",
        "zero-run",
        "a chunk without payload: its pages are zero",
        "DCM-XFR-005",
        MergeCases::zeroRun);
    PageCases.add(
        cases,
        "pages",
        "zero-over-content",
        "a newer zero run wipes contents",
        "DCM-XFR-005 DCM-GEN-004",
        MergeCases::zeroOverContent);
    PageCases.add(
        cases,
        "pages",
        "zero-as-content",
        "zeros with and without payload are the same contents",
        "DCM-GEN-006",
        MergeCases::zeroAsContent);
    PageCases.add(
        cases,
        "merge",
        "newer-wins",
        "a newer generation replaces an older one",
        "DCM-GEN-004",
        MergeCases::newerWins);
    PageCases.add(
        cases,
        "merge",
        "older-dropped",
        "an older generation is dropped and acknowledged",
        "DCM-GEN-004 DCM-GEN-005",
        MergeCases::olderDropped);
    PageCases.add(
        cases,
        "merge",
        "same-dropped",
        "the same generation and contents are dropped",
        "DCM-GEN-005",
        MergeCases::sameDropped);
    PageCases.add(
        cases,
        "merge",
        "mixed-chunk",
        "one chunk may be newer for some pages and older for others",
        "DCM-GEN-004",
        MergeCases::mixedChunk);
    PageCases.add(
        cases,
        "merge",
        "unsigned",
        "generations compare as unsigned numbers",
        "DCM-GEN-004",
        MergeCases::unsigned);
  }

  private static void newerWins(Trial trial) {
    TestMigration migration = trial.receiving();
    migration.stored(Chunks.page(7, 3, 1));
    migration.stored(Chunks.page(7, 5, 2));
    migration.holdsWhatWasStored();
  }

  private static void olderDropped(Trial trial) {
    TestMigration migration = trial.receiving();
    migration.stored(Chunks.page(7, 5, 1));
    migration.stored(Chunks.page(7, 3, 2), Chunks.zero(0, 7, 1, 4));
    migration.holdsWhatWasStored();
    migration.stored(Chunks.page(7, 6, 3));
    migration.holdsWhatWasStored();
  }

  private static void sameDropped(Trial trial) {
    TestMigration migration = trial.receiving();
    migration.stored(Chunks.page(7, 5, 1));
    migration.stored(Chunks.page(7, 5, 1));
    migration.holdsWhatWasStored();
  }

  private static void mixedChunk(Trial trial) {
    TestMigration migration = trial.receiving();
    migration.stored(Chunks.page(7, 5, 1), Chunks.page(8, 2, 2), Chunks.page(510, 9, 3));
    migration.stored(
        Chunks.of(0, 6, 4, Chunks.content(5, 4)), Chunks.of(0, 509, 4, Chunks.content(6, 5)));
    migration.holdsWhatWasStored();
  }

  private static void unsigned(Trial trial) {
    TestMigration migration = trial.receiving();
    migration.stored(Chunks.page(7, Integer.MAX_VALUE, 1));
    migration.stored(Chunks.page(7, Integer.MIN_VALUE, 2));
    migration.stored(Chunks.page(7, -1, 3));
    migration.stored(Chunks.page(7, 1, 4));
    migration.holdsWhatWasStored();
  }

  private static void zeroRun(Trial trial) {
    TestMigration migration = trial.receiving();
    migration.stored(Chunks.zero(0, 0, trial.guest().firstBlockPages(), 1));
    migration.holdsWhatWasStored();
  }

  private static void zeroOverContent(Trial trial) {
    TestMigration migration = trial.receiving();
    migration.stored(Chunks.of(0, 10, 1, Chunks.content(1, 8)));
    migration.stored(Chunks.zero(0, 12, 3, 2));
    migration.holdsWhatWasStored();
  }

  private static void zeroAsContent(Trial trial) {
    TestMigration migration = trial.receiving();
    ByteString zeros = ByteString.copyFrom(new byte[2 * Geometry.PAGE_BYTES]);
    migration.stored(Chunks.of(0, 10, 4, zeros));
    migration.stored(Chunks.zero(0, 10, 2, 4), Chunks.of(0, 10, 4, zeros));
    migration.holdsWhatWasStored();
  }
}

package org.dcmigrate.conformance.cases;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.dcmigrate.conformance.play.Access;
import org.dcmigrate.conformance.play.Answer;
import org.dcmigrate.conformance.play.Chunks;
import org.dcmigrate.conformance.play.Conversation;
import org.dcmigrate.conformance.play.Expect;
import org.dcmigrate.conformance.play.TcpProxy.Trouble;
import org.dcmigrate.conformance.play.TestMigration;
import org.dcmigrate.conformance.play.Trial;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.v1.DestinationServiceGrpc;
import org.dcmigrate.v1.DestinationState;
import org.dcmigrate.v1.GetDestinationStatusRequest;
import org.dcmigrate.v1.GetDestinationStatusResponse;
import org.dcmigrate.v1.PageChunk;
import org.dcmigrate.v1.ResendMetadataRequest;
import org.dcmigrate.v1.ResendMetadataResponse;
import org.dcmigrate.v1.TransferRequest;
import org.dcmigrate.v1.TransferResponse;
import org.dcmigrate.v1.TransferServiceGrpc;

/**
 * A path between tester and target that is slow, splits what it carries, or breaks. The target is
 * looked at over another one.
 */
public final class PathCases {
  private static final int CHUNK_PAGES = 16;
  private static final int CHUNKS = 24;
  private static final int LOOKS = 20;
  private static final int FIRST_CHUNKS = 5;
  private static final long SOME_CHUNKS_BYTES = 10L * CHUNK_PAGES * 4096;

  private PathCases() {}

  /** All of them. */
  public static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    carried(cases, "single-bytes", "that carries bytes one by one", Trouble.SINGLE_BYTES, 1);
    carried(cases, "delay", "that is late", Trouble.DELAY, CHUNKS);
    broken(cases, "reset", "that is reset", Trouble.RESET);
    broken(cases, "half-close", "whose one direction ends", Trouble.HALF_CLOSE);
    broken(cases, "blackhole", "that swallows everything from some moment on", Trouble.BLACKHOLE);
    cases.add(
        Case.of(
            "path/destination/metadata-cut",
            "metadata all of which came, but not that they are all, take no effect",
            "DCM-MTA-005",
            PathCases::metadataCut));
    return cases;
  }

  private static void carried(
      List<Case> cases, String name, String what, Trouble trouble, int chunks) {
    cases.add(
        Case.of(
            "path/destination/" + name,
            "pages over a path " + what + " are stored",
            "DCM-XFR-007 DCM-XFR-009",
            trial -> {
              TestMigration migration = trial.receiving();
              try (Access.Way way = trial.target().access().over(trouble, Long.MAX_VALUE)) {
                Conversation<TransferRequest, TransferResponse> pages =
                    trial.beginOver(way, TransferServiceGrpc.getTransferMethod());
                pages.send(migration.transferOpen(1));
                for (int i = 0; i < chunks; i++) {
                  pages.send(TestMigration.message(chunk(i)));
                  migration.memory().apply(chunk(i));
                }
                TestMigration.acknowledged(pages.halfClose().rest(), chunks);
              }
              migration.holdsWhatWasStored();
            }));
  }

  private static void broken(List<Case> cases, String name, String what, Trouble trouble) {
    cases.add(
        Case.of(
            "path/destination/" + name,
            "a transfer over a path " + what + ": what was acknowledged is held, and others go on",
            "DCM-XFR-010 DCM-XFR-007",
            trial -> broken(trial, trouble)));
  }

  private static PageChunk chunk(int number) {
    return Chunks.of(0, (long) number * CHUNK_PAGES, 5, Chunks.content(number, CHUNK_PAGES));
  }

  private static void broken(Trial trial, Trouble trouble) {
    TestMigration migration = trial.receiving();
    try (Access.Way way = trial.target().access().over(trouble, SOME_CHUNKS_BYTES)) {
      Conversation<TransferRequest, TransferResponse> pages =
          trial.beginOver(way, TransferServiceGrpc.getTransferMethod());
      pages.send(migration.transferOpen(1));
      for (int i = 0; i < FIRST_CHUNKS; i++) {
        pages.send(TestMigration.message(chunk(i)));
      }
      trial.given("pages are acknowledged while the path is good", () -> acknowledged(pages));
      for (int i = FIRST_CHUNKS; i < CHUNKS; i++) {
        pages.send(TestMigration.message(chunk(i)));
      }
      if (trouble == Trouble.BLACKHOLE) {
        pages.cancel();
      } else {
        Answer<TransferResponse> answer = pages.rest();
        Expect.that("the transfer", !answer.ending().isOk(), "broken off", "OK");
        long acknowledged =
            answer.messages().isEmpty()
                ? FIRST_CHUNKS
                : answer.messages().getLast().getAcknowledgedChunks();
        holds(migration, acknowledged);
      }
      holds(migration, FIRST_CHUNKS);
      SwitchoverCases.state(migration, "RECEIVING");
      Expect.that("held_pages", held(migration) < (long) CHUNKS * CHUNK_PAGES, "not all", "all");
    }
    migration.stored(chunks());
    migration.holdsWhatWasStored();
  }

  private static PageChunk[] chunks() {
    PageChunk[] all = new PageChunk[CHUNKS];
    for (int i = 0; i < CHUNKS; i++) {
      all[i] = chunk(i);
    }
    return all;
  }

  private static void acknowledged(Conversation<TransferRequest, TransferResponse> pages) {
    long acknowledged = 0;
    while (acknowledged < FIRST_CHUNKS) {
      Optional<TransferResponse> next = pages.next();
      Expect.that("Transfer", next.isPresent(), "an acknowledgement", "none");
      acknowledged = next.orElseThrow().getAcknowledgedChunks();
    }
  }

  private static void holds(TestMigration migration, long chunks) {
    long held = held(migration);
    Expect.that(
        "held_pages",
        held >= chunks * CHUNK_PAGES,
        "those of %d chunks".formatted(chunks),
        "" + held);
  }

  private static long held(TestMigration migration) {
    return Expect.one("GetDestinationStatus", migration.status()).getHeldPages();
  }

  private static Answer<GetDestinationStatusResponse> status(
      Trial trial, Access.Way way, TestMigration migration) {
    return trial
        .beginOver(way, DestinationServiceGrpc.getGetDestinationStatusMethod())
        .send(GetDestinationStatusRequest.newBuilder().setAttempt(migration.attempt()).build())
        .halfClose()
        .rest();
  }

  private static void metadataCut(Trial trial) {
    TestMigration migration = trial.migration();
    trial.given("Open is accepted", migration::opened);
    try (Access.Way way = trial.target().access().over(Trouble.DELAY, Long.MAX_VALUE)) {
      Conversation<ResendMetadataRequest, ResendMetadataResponse> batch =
          trial.beginOver(way, DestinationServiceGrpc.getResendMetadataMethod());
      migration.batch(migration.records()).forEach(batch::send);
      // On the same connection: what is answered here came after the records.
      for (int i = 0; i < LOOKS; i++) {
        Expect.equal(
            "state",
            DestinationState.DESTINATION_STATE_OPENED,
            Expect.one("GetDestinationStatus", status(trial, way, migration)).getState());
      }
      batch.cancel();
    }
    SwitchoverCases.state(migration, "OPENED");
    Answer<ResendMetadataResponse> again = migration.resend(migration.batch(migration.records()));
    Expect.one("ResendMetadata", again);
    SwitchoverCases.state(migration, "RECEIVING");
  }
}

package org.dcmigrate.conformance.cases;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.dcmigrate.conformance.play.Chunks;
import org.dcmigrate.conformance.play.Conversation;
import org.dcmigrate.conformance.play.Expect;
import org.dcmigrate.conformance.play.Inventories;
import org.dcmigrate.conformance.play.TestMigration;
import org.dcmigrate.conformance.play.Trial;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.pages.PageDigest;
import org.dcmigrate.v1.GetDestinationStatusResponse;
import org.dcmigrate.v1.PageChunk;
import org.dcmigrate.v1.SenderProgress;
import org.dcmigrate.v1.TransferRequest;
import org.dcmigrate.v1.TransferResponse;
import org.dcmigrate.v1.TransferServiceGrpc;

/** Pages that are taken: stored, acknowledged, merged by generation, told in inventories. */
public final class PageCases {
  private static final int MOST_PAGES = 256;
  private static final int MANY_CHUNKS = 100;

  private PageCases() {}

  /** All of them. */
  public static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    add(
        cases,
        "pages",
        "stored",
        "a page is stored and acknowledged",
        "DCM-XFR-007",
        PageCases::stored);
    add(
        cases,
        "pages",
        "largest-chunk",
        "256 pages in a chunk",
        "DCM-XFR-004 DCM-TRN-004",
        PageCases::largest);
    add(
        cases,
        "pages",
        "many-chunks",
        "acknowledgements rise to the last chunk",
        "DCM-XFR-008 DCM-XFR-009",
        PageCases::manyChunks);
    add(
        cases,
        "pages",
        "no-chunks",
        "a transfer without chunks ends with OK",
        "DCM-XFR-009",
        PageCases::noChunks);
    add(
        cases,
        "pages",
        "acknowledged-early",
        "a sender that pauses gets its acknowledgement",
        "DCM-XFR-007",
        PageCases::acknowledgedEarly);
    add(
        cases,
        "pages",
        "two-transfers",
        "two transfers of one sender at a time",
        "DCM-GEN-004",
        PageCases::twoTransfers);
    add(
        cases,
        "inventory",
        "empty",
        "nothing held: an empty inventory, before and after the metadata",
        "DCM-STA-002",
        PageCases::emptyInventory);
    add(
        cases,
        "inventory",
        "generations",
        "every page held is told, with its generation",
        "DCM-DAT-005 DCM-DAT-006",
        PageCases::generations);
    add(
        cases,
        "inventory",
        "many-extents",
        "a long inventory comes in batches of at most 8192",
        "DCM-DAT-004",
        PageCases::manyExtents);
    add(
        cases,
        "digests",
        "crc64",
        "segment digests are right with CRC64",
        "DCM-DIG-002",
        trial -> digests(trial, PageDigest.Algorithm.CRC64));
    add(
        cases,
        "digests",
        "sha256",
        "segment digests are right with SHA256",
        "DCM-DIG-002",
        trial -> digests(trial, PageDigest.Algorithm.SHA256));
    add(
        cases,
        "status",
        "progress",
        "status tells pages held, and what the sender brought",
        "DCM-XFR-003 DCM-GEN-005",
        PageCases::progress);
    MergeCases.add(cases);
    return cases;
  }

  static void add(
      List<Case> cases,
      String area,
      String name,
      String purpose,
      String references,
      Case.Body body) {
    cases.add(Case.of(area + "/destination/" + name, purpose, references, body));
  }

  private static void stored(Trial trial) {
    TestMigration migration = trial.receiving();
    migration.stored(Chunks.page(7, 1, 1));
    migration.holdsWhatWasStored();
  }

  private static void largest(Trial trial) {
    TestMigration migration = trial.receiving();
    migration.stored(Chunks.of(0, 300, 1, Chunks.content(1, MOST_PAGES)));
    migration.holdsWhatWasStored();
  }

  private static void manyChunks(Trial trial) {
    TestMigration migration = trial.receiving();
    PageChunk[] chunks = new PageChunk[MANY_CHUNKS];
    for (int i = 0; i < chunks.length; i++) {
      chunks[i] = Chunks.page(3L * i, 1 + i % 3, i);
    }
    migration.stored(chunks);
    migration.holdsWhatWasStored();
  }

  private static void noChunks(Trial trial) {
    TestMigration migration = trial.receiving();
    TestMigration.acknowledged(migration.transfer(), 0);
    migration.holdsWhatWasStored();
    migration.stored(Chunks.page(7, 1, 1));
  }

  private static void acknowledgedEarly(Trial trial) {
    TestMigration migration = trial.receiving();
    Conversation<TransferRequest, TransferResponse> call =
        trial.begin(TransferServiceGrpc.getTransferMethod());
    PageChunk chunk = Chunks.page(7, 1, 1);
    call.send(migration.transferOpen(migration.epoch())).send(TestMigration.message(chunk));
    Optional<TransferResponse> response = call.next();
    Expect.that(
        "acknowledgement before the sender half-closes",
        response.isPresent() && response.get().getAcknowledgedChunks() == 1,
        "one of 1 chunk",
        response.isPresent() ? response.get().toString() : call.ending().toString());
    migration.memory().apply(chunk);
    migration.holdsWhatWasStored();
    call.halfClose();
    Expect.ok("Transfer", call.rest());
  }

  private static void twoTransfers(Trial trial) {
    TestMigration migration = trial.receiving();
    Conversation<TransferRequest, TransferResponse> first =
        trial.begin(TransferServiceGrpc.getTransferMethod());
    first.send(migration.transferOpen(migration.epoch()));
    migration.stored(Chunks.page(1, 2, 1));
    PageChunk older = Chunks.page(1, 1, 2);
    PageChunk other = Chunks.page(2, 1, 3);
    first.send(TestMigration.message(older)).send(TestMigration.message(other)).halfClose();
    TestMigration.acknowledged(first.rest(), 2);
    migration.memory().apply(other);
    migration.holdsWhatWasStored();
  }

  private static void emptyInventory(Trial trial) {
    TestMigration migration = trial.migration();
    trial.given("Open is accepted", migration::opened);
    Inventories.check(trial, migration);
    trial.given("metadata are accepted", migration::described);
    migration.holdsWhatWasStored();
    migration.stored(Chunks.page(0, 1, 1));
    migration.holdsWhatWasStored();
  }

  private static void generations(Trial trial) {
    TestMigration migration = trial.receiving();
    long last = trial.guest().firstBlockPages() - 1;
    List<PageChunk> chunks = new ArrayList<>();
    chunks.add(Chunks.page(last, 2, 1));
    chunks.add(Chunks.zero(0, 0, 3, 2));
    chunks.add(Chunks.page(3, -1, 3));
    chunks.add(Chunks.page(511, 4, 4));
    chunks.add(Chunks.page(512, 4, 5));
    for (int block = 1; block < trial.guest().geometry().blocks().size(); block++) {
      chunks.add(Chunks.zero(block, 0, 1, 2));
    }
    migration.stored(chunks.toArray(new PageChunk[0]));
    migration.holdsWhatWasStored();
  }

  private static void manyExtents(Trial trial) {
    TestMigration migration = trial.receiving();
    int pages = (int) Math.min(trial.guest().firstBlockPages(), 20_000);
    PageChunk[] chunks = new PageChunk[pages];
    for (int i = 0; i < pages; i++) {
      chunks[i] = Chunks.zero(0, i, 1, 1 + i % 2);
    }
    migration.stored(chunks);
    migration.holdsWhatWasStored();
  }

  private static void digests(Trial trial, PageDigest.Algorithm algorithm) {
    TestMigration migration = trial.migration(algorithm);
    trial.given("Open and metadata are accepted", migration::receiving);
    migration.stored(Chunks.of(0, 500, 1, Chunks.content(1, 20)), Chunks.zero(0, 0, 4, 1));
    Inventories.checkDigests(trial, migration);
    migration.stored(Chunks.page(505, 2, 2));
    Inventories.checkDigests(trial, migration);
    migration.filled(3);
    Inventories.checkDigests(trial, migration);
  }

  private static void progress(Trial trial) {
    TestMigration migration = trial.receiving();
    migration.stored(Chunks.of(0, 10, 2, Chunks.content(1, 4)), Chunks.zero(0, 100, 8, 1));
    migration.stored(Chunks.of(0, 12, 1, Chunks.content(2, 4)));
    GetDestinationStatusResponse status = Expect.one("GetDestinationStatus", migration.status());
    Expect.equal("held_pages", migration.memory().heldPages(), status.getHeldPages());
    Expect.equal("number of senders", 1, status.getSendersCount());
    SenderProgress sender = status.getSenders(0);
    Expect.equal("sender", trial.target().self().uri(), sender.getSender().getIdentity());
    Expect.equal("accepted_pages", 14L, sender.getAcceptedPages());
    Expect.equal("duplicate_pages", 2L, sender.getDuplicatePages());
    Expect.equal("payload_bytes", 8L * Geometry.PAGE_BYTES, sender.getPayloadBytes());
  }
}

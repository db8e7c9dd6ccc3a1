package org.dcmigrate.conformance.cases;

import static org.dcmigrate.protocol.Reason.EPOCH_STALE;
import static org.dcmigrate.protocol.Reason.FIELD_INVALID;
import static org.dcmigrate.protocol.Reason.PEER_UNKNOWN;
import static org.dcmigrate.protocol.Reason.STATE_CONFLICT;

import java.util.ArrayList;
import java.util.List;
import org.dcmigrate.conformance.play.Answer;
import org.dcmigrate.conformance.play.Chunks;
import org.dcmigrate.conformance.play.Conversation;
import org.dcmigrate.conformance.play.Expect;
import org.dcmigrate.conformance.play.Inventories;
import org.dcmigrate.conformance.play.TestMigration;
import org.dcmigrate.conformance.play.Trial;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.v1.ContributorServiceGrpc;
import org.dcmigrate.v1.DetachRequest;
import org.dcmigrate.v1.DetachResponse;
import org.dcmigrate.v1.GetContributorStatusRequest;
import org.dcmigrate.v1.GetContributorStatusResponse;
import org.dcmigrate.v1.PageChunk;
import org.dcmigrate.v1.PeerRef;
import org.dcmigrate.v1.RelayRequest;
import org.dcmigrate.v1.RelayResponse;
import org.dcmigrate.v1.TransferRequest;
import org.dcmigrate.v1.TransferResponse;
import org.dcmigrate.v1.TransferServiceGrpc;

/**
 * Detach: a destination becomes the old one. The new destination named is the tester itself, as a
 * peer that the target knows for sure.
 */
public final class ContributorCases {
  private static final PageChunk FIRST = Chunks.of(0, 100, 5, Chunks.content(1, 12));
  private static final PageChunk SECOND = Chunks.page(105, 6, 2);
  private static final PageChunk LATER = Chunks.page(105, 7, 3);

  private ContributorCases() {}

  /** All of them. */
  public static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    add(
        cases,
        "inventory",
        "a destination becomes the old one and answers with its inventory",
        "DCM-CTR-001 DCM-STA-002",
        ContributorCases::inventory);
    add(cases, "repeated", "Detach may be repeated", "DCM-STA-002", ContributorCases::repeated);
    add(
        cases,
        "higher-epoch",
        "an old destination may be detached again in a higher epoch",
        "DCM-STA-002",
        ContributorCases::higherEpoch);
    add(
        cases,
        "before-metadata",
        "a destination without metadata answers with an empty inventory",
        "DCM-STA-002",
        ContributorCases::beforeMetadata);
    add(
        cases,
        "transfer-cut",
        "a transfer of the old epoch that runs at the Detach stores nothing more",
        "DCM-CTR-003 DCM-STA-001",
        ContributorCases::transferCut);
    add(
        cases,
        "old-epoch-refused",
        "requests of the old epoch are refused",
        "DCM-STA-001 DCM-CTR-003",
        ContributorCases::oldEpochRefused);
    add(
        cases,
        "destination-calls-refused",
        "calls to a destination are refused in the new epoch",
        "DCM-STA-002",
        ContributorCases::destinationCallsRefused);
    add(
        cases,
        "own-epoch",
        "a Detach of the epoch that the peer is destination of is refused",
        "DCM-STA-002",
        ContributorCases::ownEpoch);
    add(
        cases,
        "stale-epoch",
        "a Detach of an older epoch is refused",
        "DCM-STA-001",
        ContributorCases::staleEpoch);
    add(
        cases,
        "peer-unknown",
        "a new destination that the peer does not know is refused",
        "DCM-CTR-002",
        ContributorCases::peerUnknown);
    add(
        cases,
        "peer-unnamed",
        "a Detach without a new destination is refused",
        "DCM-ERR-008",
        ContributorCases::peerUnnamed);
    add(
        cases,
        "open-same-epoch",
        "an Open of the epoch of the Detach is refused",
        "DCM-STA-002",
        ContributorCases::openSameEpoch);
    add(
        cases,
        "redirect-back",
        "a peer that is opened again after a Detach keeps its pages",
        "DCM-RDR-012",
        ContributorCases::redirectBack);
    add(
        cases,
        "relay-of-destination",
        "a Relay at a peer that was not detached is refused",
        "DCM-STA-002",
        ContributorCases::relayOfDestination);
    return cases;
  }

  private static void add(
      List<Case> cases, String name, String purpose, String references, Case.Body body) {
    cases.add(Case.of("detach/contributor/" + name, purpose, references, body));
  }

  /** A destination of epoch 5 that holds pages. */
  private static TestMigration holding(Trial trial) {
    TestMigration migration = trial.migration().epoch(5);
    trial.given("Open and metadata are accepted", migration::receiving);
    trial.given("pages are stored", () -> migration.stored(FIRST, SECOND));
    trial.given("they are told in inventory and digests", migration::holdsWhatWasStored);
    return migration;
  }

  private static TestMigration detached(Trial trial) {
    TestMigration migration = holding(trial);
    migration.epoch(6);
    trial.given("Detach is accepted", () -> detachedNow(trial, migration));
    return migration;
  }

  private static Answer<DetachResponse> detach(Trial trial, TestMigration migration, String to) {
    return trial.call(
        ContributorServiceGrpc.getDetachMethod(),
        DetachRequest.newBuilder()
            .setAttempt(migration.attempt())
            .setNewDestination(PeerRef.newBuilder().setIdentity(to))
            .build());
  }

  private static Answer<DetachResponse> detach(Trial trial, TestMigration migration) {
    return detach(trial, migration, trial.target().self().uri());
  }

  /** Detaches in the current epoch; inventory and state have to be right. */
  private static void detachedNow(Trial trial, TestMigration migration) {
    List<DetachResponse> parts = Expect.ok("Detach", detach(trial, migration));
    Inventories.check(trial, migration, parts.stream().map(DetachResponse::getBatch).toList());
    isDetached(trial, migration);
  }

  private static Answer<GetContributorStatusResponse> status(Trial trial, TestMigration migration) {
    return trial.call(
        ContributorServiceGrpc.getGetContributorStatusMethod(),
        GetContributorStatusRequest.newBuilder().setAttempt(migration.attempt()).build());
  }

  private static void isDetached(Trial trial, TestMigration migration) {
    GetContributorStatusResponse status =
        Expect.one("GetContributorStatus", status(trial, migration));
    Expect.equal("state", "CONTRIBUTOR_STATE_DETACHED", status.getState().name());
    Expect.equal("waiting_pages", 0L, status.getWaitingPages());
  }

  private static void inventory(Trial trial) {
    TestMigration migration = holding(trial);
    migration.epoch(6);
    detachedNow(trial, migration);
  }

  private static void repeated(Trial trial) {
    TestMigration migration = detached(trial);
    detachedNow(trial, migration);
    detachedNow(trial, migration);
  }

  private static void higherEpoch(Trial trial) {
    TestMigration migration = detached(trial);
    migration.epoch(9);
    detachedNow(trial, migration);
  }

  private static void beforeMetadata(Trial trial) {
    TestMigration migration = trial.migration();
    trial.given("Open is accepted", migration::opened);
    migration.epoch(2);
    detachedNow(trial, migration);
  }

  private static void transferCut(Trial trial) {
    TestMigration migration = holding(trial);
    Conversation<TransferRequest, TransferResponse> call =
        trial.begin(TransferServiceGrpc.getTransferMethod());
    call.send(migration.transferOpen(5)).send(TestMigration.message(SECOND));
    trial.given(
        "a page is acknowledged",
        () ->
            Expect.that("Transfer", call.next().isPresent(), "an acknowledgement", "none in time"));
    migration.epoch(6);
    detachedNow(trial, migration);
    call.send(TestMigration.message(LATER)).halfClose();
    Expect.refused("the old epoch's transfer", call.rest(), EPOCH_STALE);
    trial.unchanged("the inventory is as before", () -> detachedNow(trial, migration));
  }

  private static void oldEpochRefused(Trial trial) {
    TestMigration migration = detached(trial);
    migration.epoch(5);
    Expect.refused("Transfer", migration.transfer(LATER), EPOCH_STALE);
    Expect.refused("GetInventory", Inventories.ask(trial, migration), EPOCH_STALE);
    Expect.refused("GetDestinationStatus", migration.status(), EPOCH_STALE);
    Expect.refused("Open", migration.open(migration.openRequest().build()), EPOCH_STALE);
    Expect.refused("Abort", migration.abort(), EPOCH_STALE);
    migration.epoch(6);
    trial.unchanged("the inventory is as before", () -> detachedNow(trial, migration));
  }

  private static void destinationCallsRefused(Trial trial) {
    TestMigration migration = detached(trial);
    Expect.refused("Transfer", migration.transfer(LATER), STATE_CONFLICT);
    Expect.refused("GetInventory", Inventories.ask(trial, migration), STATE_CONFLICT);
    Expect.refused("GetDestinationStatus", migration.status(), STATE_CONFLICT);
    Expect.refused(
        "ResendMetadata", migration.resend(migration.batch(migration.records())), STATE_CONFLICT);
    trial.unchanged("the inventory is as before", () -> detachedNow(trial, migration));
  }

  private static void ownEpoch(Trial trial) {
    detached(trial);
    TestMigration migration = holding(trial);
    Expect.refused("Detach of epoch 5", detach(trial, migration), STATE_CONFLICT);
    stillDestination(trial, migration);
  }

  private static void staleEpoch(Trial trial) {
    detached(trial);
    TestMigration migration = holding(trial);
    migration.epoch(4);
    Expect.refused("Detach of epoch 4", detach(trial, migration), EPOCH_STALE);
    migration.epoch(5);
    stillDestination(trial, migration);
  }

  private static void peerUnknown(Trial trial) {
    detached(trial);
    TestMigration migration = holding(trial);
    migration.epoch(6);
    Expect.refused(
        "Detach",
        detach(trial, migration, "spiffe://conformance.invalid/peer/" + migration.id()),
        PEER_UNKNOWN);
    migration.epoch(5);
    stillDestination(trial, migration);
  }

  private static void peerUnnamed(Trial trial) {
    detached(trial);
    TestMigration migration = holding(trial);
    migration.epoch(6);
    Expect.refused("Detach", detach(trial, migration, ""), FIELD_INVALID);
    migration.epoch(5);
    stillDestination(trial, migration);
  }

  private static void stillDestination(Trial trial, TestMigration migration) {
    trial.unchanged("what is held is as before", migration::holdsWhatWasStored);
    trial.unchanged("a newer page is stored", () -> migration.stored(LATER));
    trial.unchanged("it is held", migration::holdsWhatWasStored);
  }

  private static void openSameEpoch(Trial trial) {
    TestMigration migration = detached(trial);
    Expect.refused(
        "Open of epoch 6", migration.open(migration.openRequest().build()), STATE_CONFLICT);
    trial.unchanged("the inventory is as before", () -> detachedNow(trial, migration));
  }

  private static void redirectBack(Trial trial) {
    TestMigration migration = detached(trial);
    migration.epoch(7);
    migration.receiving();
    migration.holdsWhatWasStored();
    migration.stored(LATER);
    migration.holdsWhatWasStored();
  }

  private static void relayOfDestination(Trial trial) {
    TestMigration migration = holding(trial);
    Answer<RelayResponse> answer =
        trial.call(
            ContributorServiceGrpc.getRelayMethod(),
            RelayRequest.newBuilder()
                .setHeader(RelayRequest.Header.newBuilder().setAttempt(migration.attempt()))
                .build());
    Expect.refused("Relay", answer, STATE_CONFLICT);
    Expect.refused("GetContributorStatus", status(trial, migration), STATE_CONFLICT);
    stillDestination(trial, migration);
  }
}

package org.dcmigrate.conformance.cases;

import static org.dcmigrate.protocol.Reason.ATTEMPT_DISCARDED;
import static org.dcmigrate.protocol.Reason.CHUNK_TOO_LARGE;
import static org.dcmigrate.protocol.Reason.DIGEST_MISMATCH;
import static org.dcmigrate.protocol.Reason.EPOCH_STALE;
import static org.dcmigrate.protocol.Reason.FIELD_INVALID;
import static org.dcmigrate.protocol.Reason.MIGRATION_UNKNOWN;
import static org.dcmigrate.protocol.Reason.STATE_CONFLICT;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.List;
import org.dcmigrate.conformance.play.Chunks;
import org.dcmigrate.conformance.play.Expect;
import org.dcmigrate.conformance.play.Switchover;
import org.dcmigrate.conformance.play.TestMigration;
import org.dcmigrate.conformance.play.Trial;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.v1.PageChunk;
import org.dcmigrate.v1.SwitchoverRequest;

/** Prepare, Incomplete, and refused commits. */
public final class SwitchoverCases {
  private static final long MOST_DEVICE_STATE = 32L << 20;
  private static final PageChunk LATER = Chunks.page(3, 6, 2);

  private SwitchoverCases() {}

  /** All of them. */
  public static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    add(
        cases,
        "prepared",
        "complete memory is verified, device state loaded",
        "DCM-DIG-003 DCM-SWO-004",
        SwitchoverCases::prepared);
    add(
        cases,
        "missing-pages",
        "pages never sent: Incomplete, with their number and the digest found",
        "DCM-DIG-003",
        SwitchoverCases::missingPages);
    add(
        cases,
        "wrong-digest",
        "another expected digest: Incomplete, with the digest found",
        "DCM-DIG-003",
        SwitchoverCases::wrongDigest);
    add(
        cases,
        "repaired",
        "after Incomplete pages are taken again, and Prepare on the same stream",
        "DCM-SWO-006",
        SwitchoverCases::repaired);
    add(
        cases,
        "transfer-after-prepared",
        "no page is taken after the digest was compared",
        "DCM-XFR-011 DCM-SWO-003",
        SwitchoverCases::transferAfterPrepared);
    add(
        cases,
        "stream-lost",
        "a stream that is lost before Commit leaves the state PREPARED",
        "DCM-STA-002",
        SwitchoverCases::streamLost);
    add(
        cases,
        "commit-other-digest",
        "a Commit with another digest is refused",
        "DCM-STA-002",
        SwitchoverCases::commitOtherDigest);
    add(
        cases,
        "abort-then-commit",
        "a Commit after Abort is refused: the guest was not taken over",
        "DCM-DSK-003 DCM-STA-002",
        SwitchoverCases::abortThenCommit);
    refusals(cases);
    return cases;
  }

  private static void add(
      List<Case> cases, String name, String purpose, String references, Case.Body body) {
    cases.add(Case.of("switchover/destination/" + name, purpose, references, body));
  }

  private static void refusals(List<Case> cases) {
    refused(
        cases,
        "commit-before-prepare",
        "a Commit without Prepare",
        "DCM-DSK-005 DCM-STA-002",
        (stream, migration) -> stream.commit(migration.memory().digest()),
        STATE_CONFLICT);
    refused(
        cases,
        "device-state-hash",
        "device state with another SHA-256",
        "DCM-SWO-002",
        (stream, migration) ->
            stream.prepare(
                prepare -> prepare.setDeviceStateSha256(ByteString.copyFrom(new byte[32]))),
        DIGEST_MISMATCH);
    refused(
        cases,
        "device-state-short",
        "less device state than announced",
        "DCM-SWO-002",
        (stream, migration) ->
            stream.prepare(
                prepare -> prepare.setDeviceStateBytes(prepare.getDeviceStateBytes() + 1)),
        DIGEST_MISMATCH);
    refused(
        cases,
        "device-state-long",
        "more device state than announced",
        "DCM-SWO-002",
        (stream, migration) ->
            stream
                .send(
                    SwitchoverRequest.newBuilder()
                        .setPrepare(stream.prepareMessage().setDeviceStateBytes(4))
                        .build())
                .piece(ByteString.copyFrom(new byte[5]))
                .prepareEnd(),
        CHUNK_TOO_LARGE,
        DIGEST_MISMATCH);
    refused(
        cases,
        "device-state-too-large",
        "256 MiB and a byte of device state announced",
        "DCM-SWO-002",
        (stream, migration) ->
            stream.send(
                SwitchoverRequest.newBuilder()
                    .setPrepare(stream.prepareMessage().setDeviceStateBytes(MOST_DEVICE_STATE + 1))
                    .build()),
        CHUNK_TOO_LARGE,
        FIELD_INVALID);
    refused(
        cases,
        "piece-too-large",
        "a piece of device state of 256 KiB and a byte",
        "DCM-SWO-002",
        (stream, migration) ->
            stream
                .send(
                    SwitchoverRequest.newBuilder()
                        .setPrepare(stream.prepareMessage().setDeviceStateBytes(1 << 20))
                        .build())
                .piece(ByteString.copyFrom(new byte[(256 << 10) + 1])),
        CHUNK_TOO_LARGE);
    refused(
        cases,
        "piece-before-prepare",
        "device state before Prepare",
        "DCM-SWO-002",
        (stream, migration) -> stream.piece(ByteString.copyFromUtf8("state")),
        STATE_CONFLICT,
        FIELD_INVALID);
    refused(
        cases,
        "prepare-end-first",
        "PrepareEnd before Prepare",
        "DCM-SWO-002",
        (stream, migration) -> stream.prepareEnd(),
        STATE_CONFLICT,
        FIELD_INVALID);
    refused(
        cases,
        "message-not-set",
        "a message that holds nothing",
        "DCM-VER-006",
        (stream, migration) -> stream.send(SwitchoverRequest.getDefaultInstance()),
        FIELD_INVALID);
    refused(
        cases,
        "prepare-stale-epoch",
        "a Prepare of an older epoch",
        "DCM-STA-001",
        (stream, migration) -> stream.prepare(prepare -> prepare.setAttempt(migration.attempt(4))),
        EPOCH_STALE);
    refused(
        cases,
        "prepare-epoch-not-open",
        "a Prepare of an epoch that was not opened",
        "DCM-STA-002",
        (stream, migration) -> stream.prepare(prepare -> prepare.setAttempt(migration.attempt(6))),
        STATE_CONFLICT);
    refused(
        cases,
        "commit-stale-epoch",
        "a Commit of an older epoch",
        "DCM-STA-001",
        (stream, migration) -> {
          migration.epoch(4);
          stream.commit(migration.memory().digest());
          migration.epoch(5);
        },
        EPOCH_STALE);
    add(
        cases,
        "prepare-before-metadata",
        "a Prepare in state OPENED is refused",
        "DCM-STA-002",
        SwitchoverCases::prepareBeforeMetadata);
  }

  private interface Spoil {
    void on(Switchover stream, TestMigration migration);
  }

  private static void refused(
      List<Case> cases,
      String name,
      String what,
      String references,
      Spoil spoil,
      Reason... reasons) {
    add(
        cases,
        name,
        "a switchover is refused with: " + what,
        references,
        trial -> {
          prepareElsewhere(trial);
          TestMigration migration = trial.migration().epoch(5);
          trial.given("Open and metadata are accepted", migration::receiving);
          trial.given("all pages are stored", () -> migration.filled(1));
          Switchover stream = Switchover.begin(trial, migration);
          spoil.on(stream, migration);
          stream.refused("Switchover", reasons);
          trial.unchanged("the state is RECEIVING", () -> state(migration, "RECEIVING"));
          trial.unchanged("a newer page is stored", () -> migration.stored(LATER));
          trial.unchanged("what is held is as before", migration::holdsWhatWasStored);
          trial.unchanged(
              "a right Prepare is answered with Prepared",
              () -> Switchover.begin(trial, migration).prepare().prepared().cancel());
        });
  }

  /** Shows on another migration that the target can prepare at all. */
  private static void prepareElsewhere(Trial trial) {
    TestMigration other = ready(trial);
    trial.given(
        "a right Prepare is answered with Prepared",
        () -> Switchover.begin(trial, other).prepare().prepared().cancel());
    trial.given("Abort is accepted", () -> Expect.one("Abort", other.abort()));
  }

  static TestMigration ready(Trial trial) {
    TestMigration migration = trial.receiving();
    trial.given("all pages are stored", () -> migration.filled(1));
    return migration;
  }

  static void state(TestMigration migration, String name) {
    Expect.equal("state", "DESTINATION_STATE_" + name, migration.state().name());
  }

  private static void prepared(Trial trial) {
    TestMigration migration = ready(trial);
    Switchover stream = Switchover.begin(trial, migration).prepare().prepared();
    state(migration, "PREPARED");
    Expect.one("Abort", migration.abort());
    stream.refused("the stream after Abort", ATTEMPT_DISCARDED);
  }

  private static void missingPages(Trial trial) {
    prepareElsewhere(trial);
    TestMigration migration = trial.receiving();
    trial.given(
        "some pages are stored",
        () -> migration.stored(Chunks.of(0, 100, 1, Chunks.content(1, 16))));
    Switchover.begin(trial, migration).prepare().incomplete().cancel();
    state(migration, "RECEIVING");
    migration.holdsWhatWasStored();
  }

  private static void wrongDigest(Trial trial) {
    prepareElsewhere(trial);
    TestMigration migration = ready(trial);
    Switchover.begin(trial, migration)
        .prepare(prepare -> prepare.setMemoryDigest(migration.memory().digest() ^ 1))
        .incomplete()
        .cancel();
    state(migration, "RECEIVING");
    migration.holdsWhatWasStored();
  }

  private static void repaired(Trial trial) {
    TestMigration migration = trial.receiving();
    trial.given("a page is stored", () -> migration.stored(Chunks.page(3, 1, 1)));
    Switchover stream = Switchover.begin(trial, migration).prepare().incomplete();
    migration.filled(2);
    migration.holdsWhatWasStored();
    stream.prepare().prepared().cancel();
    state(migration, "PREPARED");
  }

  private static void transferAfterPrepared(Trial trial) {
    TestMigration migration = ready(trial);
    Switchover stream = Switchover.begin(trial, migration);
    trial.given("Prepare is answered", () -> stream.prepare().prepared());
    Expect.refused("Transfer in state PREPARED", migration.transfer(LATER), STATE_CONFLICT);
    trial.unchanged("the state is PREPARED", () -> state(migration, "PREPARED"));
    stream.cancel();
  }

  private static void streamLost(Trial trial) {
    TestMigration migration = ready(trial);
    Switchover.begin(trial, migration).prepare().prepared().cancel();
    state(migration, "PREPARED");
  }

  private static void commitOtherDigest(Trial trial) {
    TestMigration migration = ready(trial);
    Switchover stream = Switchover.begin(trial, migration);
    trial.given("Prepare is answered", () -> stream.prepare().prepared());
    stream.commit(migration.memory().digest() + 1).refused("Commit", DIGEST_MISMATCH);
    trial.unchanged("the state is PREPARED", () -> state(migration, "PREPARED"));
  }

  private static void abortThenCommit(Trial trial) {
    TestMigration migration = ready(trial);
    Switchover stream = Switchover.begin(trial, migration);
    trial.given("Prepare is answered", () -> stream.prepare().prepared());
    Expect.one("Abort", migration.abort());
    Switchover.begin(trial, migration)
        .commit(migration.memory().digest())
        .refused("Commit after Abort", ATTEMPT_DISCARDED, MIGRATION_UNKNOWN);
    trial.unchanged("the migration is not known", migration::unknown);
  }

  private static void prepareBeforeMetadata(Trial trial) {
    prepareElsewhere(trial);
    TestMigration migration = trial.migration();
    trial.given("Open is accepted", migration::opened);
    Switchover.begin(trial, migration).prepare().refused("Prepare", STATE_CONFLICT);
    trial.unchanged("the metadata are accepted", migration::described);
    trial.unchanged("all pages are stored", () -> migration.filled(1));
    trial.unchanged(
        "Prepare is answered",
        () -> Switchover.begin(trial, migration).prepare().prepared().cancel());
  }
}

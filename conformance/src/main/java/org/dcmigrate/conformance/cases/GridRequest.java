package org.dcmigrate.conformance.cases;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongUnaryOperator;
import java.util.stream.Collectors;
import org.dcmigrate.conformance.play.Answer;
import org.dcmigrate.conformance.play.Contribution;
import org.dcmigrate.conformance.play.Expect;
import org.dcmigrate.conformance.play.Inventories;
import org.dcmigrate.conformance.play.Switchover;
import org.dcmigrate.conformance.play.TestMigration;
import org.dcmigrate.conformance.play.Trial;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.v1.Choice;
import org.dcmigrate.v1.ContributorServiceGrpc;
import org.dcmigrate.v1.DetachRequest;
import org.dcmigrate.v1.GetContributorStatusRequest;
import org.dcmigrate.v1.MigrationServiceGrpc;
import org.dcmigrate.v1.PeerRef;
import org.dcmigrate.v1.RelayRequest;
import org.dcmigrate.v1.ResolveMigrationRequest;
import org.dcmigrate.v1.SkipRequest;
import org.dcmigrate.v1.TransferServiceGrpc;

/**
 * A request as the table names it.
 *
 * @param kind without the epoch
 * @param epoch of the request, by that of the holder
 */
record GridRequest(Kind kind, LongUnaryOperator epoch) {
  /** What is asked. */
  enum Kind {
    OPEN("OpenAsked"),
    METADATA("MetadataArrived"),
    TRANSFER("TransferAsked by S"),
    TRANSFER_OF_CONTRIBUTOR("TransferAsked by O"),
    TRANSFER_OF_STRANGER("TransferAsked by X"),
    INVENTORY("InventoryAsked"),
    PREPARE("PrepareArrived"),
    COMMIT("CommitArrived"),
    COMMIT_OTHER("CommitArrived, another digest"),
    DETACH("DetachAsked"),
    RELAY("RelayAsked"),
    SKIP("SkipAsked"),
    FORGET("ForgetAsked"),
    STATUS("StatusAsked"),
    RESOLVE_FOR_SOURCE("ResolveAsked for the source"),
    RESOLVE_FOR_DESTINATION("ResolveAsked for the destination");

    private final String title;

    Kind(String title) {
      this.title = title;
    }
  }

  private static final Map<String, Kind> KINDS =
      Arrays.stream(Kind.values()).collect(Collectors.toMap(kind -> kind.title, kind -> kind));
  private static final String BEFORE = " of the epoch before";
  private static final String HIGHER = " of a higher epoch";

  /** The request of that name, where it is one that a caller can make. */
  static Optional<GridRequest> named(String input) {
    String title = input.replace(BEFORE, "").replace(HIGHER, "");
    LongUnaryOperator epoch =
        input.endsWith(BEFORE)
            ? now -> now - 1
            : input.endsWith(HIGHER) ? now -> now + 1 : LongUnaryOperator.identity();
    return Optional.ofNullable(KINDS.get(title)).map(kind -> new GridRequest(kind, epoch));
  }

  /** Whom the Open has to announce. */
  List<PeerId> announced(Trial trial) {
    return kind == Kind.TRANSFER_OF_CONTRIBUTOR
        ? List.of(trial.target().access().second())
        : List.of();
  }

  /** Makes the request, which has to be refused. */
  void refused(Trial trial, GridState.Reached reached, Reason reason) {
    TestMigration migration = reached.migration();
    migration.epoch(epoch.applyAsLong(migration.epoch()));
    switch (kind) {
      case PREPARE -> Switchover.begin(trial, migration).prepare().refused(kind.title, reason);
      case COMMIT ->
          Switchover.begin(trial, migration)
              .commit(migration.memory().digest())
              .refused(kind.title, reason);
      case COMMIT_OTHER ->
          Switchover.begin(trial, migration)
              .commit(migration.memory().digest() ^ 1)
              .refused(kind.title, reason);
      case OPEN,
          METADATA,
          TRANSFER,
          TRANSFER_OF_CONTRIBUTOR,
          TRANSFER_OF_STRANGER,
          INVENTORY,
          DETACH,
          RELAY,
          SKIP,
          FORGET,
          STATUS,
          RESOLVE_FOR_SOURCE,
          RESOLVE_FOR_DESTINATION ->
          Expect.refused(kind.title, answer(trial, migration, reached.contributes()), reason);
    }
  }

  private Answer<?> answer(Trial trial, TestMigration migration, boolean contributes) {
    return switch (kind) {
      case OPEN -> migration.open(migration.openRequest().build());
      case METADATA -> migration.resend(migration.batch(migration.records()));
      case TRANSFER -> migration.transfer();
      case TRANSFER_OF_CONTRIBUTOR, TRANSFER_OF_STRANGER ->
          trial
              .beginAs(trial.target().access().second(), TransferServiceGrpc.getTransferMethod())
              .send(migration.transferOpen(migration.epoch()))
              .halfClose()
              .rest();
      case INVENTORY -> Inventories.ask(trial, migration);
      case DETACH ->
          trial.call(
              ContributorServiceGrpc.getDetachMethod(),
              DetachRequest.newBuilder()
                  .setAttempt(migration.attempt())
                  .setNewDestination(PeerRef.newBuilder().setIdentity(trial.target().self().uri()))
                  .build());
      case RELAY ->
          trial.call(
              ContributorServiceGrpc.getRelayMethod(),
              RelayRequest.newBuilder()
                  .setHeader(RelayRequest.Header.newBuilder().setAttempt(migration.attempt()))
                  .build());
      case SKIP ->
          trial.call(
              ContributorServiceGrpc.getSkipMethod(),
              SkipRequest.newBuilder().setAttempt(migration.attempt()).build());
      case FORGET -> migration.abort();
      case STATUS -> contributes ? contributorStatus(trial, migration) : migration.status();
      case RESOLVE_FOR_SOURCE -> resolve(trial, migration, Choice.CHOICE_SOURCE);
      case RESOLVE_FOR_DESTINATION -> resolve(trial, migration, Choice.CHOICE_DESTINATION);
      case PREPARE, COMMIT, COMMIT_OTHER -> throw new IllegalStateException(kind.title);
    };
  }

  private static Answer<?> contributorStatus(Trial trial, TestMigration migration) {
    return trial.call(
        ContributorServiceGrpc.getGetContributorStatusMethod(),
        GetContributorStatusRequest.newBuilder()
            .setAttempt(migration.attempt())
            .setShare(Contribution.share(1))
            .build());
  }

  private static Answer<?> resolve(Trial trial, TestMigration migration, Choice owner) {
    return trial.operators(
        MigrationServiceGrpc.getResolveMigrationMethod(),
        ResolveMigrationRequest.newBuilder()
            .setMigrationId(migration.id())
            .setOwner(owner)
            .setOtherSideIsFenced(true)
            .build());
  }
}

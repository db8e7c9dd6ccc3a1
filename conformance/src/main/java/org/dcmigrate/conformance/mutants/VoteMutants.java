package org.dcmigrate.conformance.mutants;

import com.google.protobuf.Message;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.dcmigrate.conformance.mutants.FaultyPeer.Call;
import org.dcmigrate.conformance.mutants.FaultyPeer.Fault;
import org.dcmigrate.v1.AcceptRequest;
import org.dcmigrate.v1.AcceptResponse;
import org.dcmigrate.v1.DismissRequest;
import org.dcmigrate.v1.PromiseRequest;
import org.dcmigrate.v1.PromiseResponse;
import org.dcmigrate.v1.ResolveMigrationRequest;
import org.dcmigrate.v1.SwitchoverRequest;

/** Voters, and destinations that ask for votes, with one fault each. */
final class VoteMutants {
  private VoteMutants() {}

  static List<Mutant> all() {
    List<Mutant> all = new ArrayList<>();
    witnesses(all);
    destinations(all);
    holders(all);
    return all;
  }

  private static void witnesses(List<Mutant> all) {
    all.add(
        new Mutant(
            "promises in anybody's ballot",
            "DCM-DEC-008",
            "witness/witness/even-ballot",
            "FIELD_INVALID",
            Faults.accepting("Promise", "FIELD_INVALID")));
    all.add(
        new Mutant(
            "votes for anybody",
            "DCM-DEC-008",
            "witness/witness/others-refused",
            "IDENTITY_NOT_ADMITTED",
            Faults.accepting("Promise", "IDENTITY_NOT_ADMITTED")));
    all.add(
        new Mutant(
            "goes on voting when it was told the owner",
            "DCM-DEC-013",
            "witness/witness/dismissed",
            "accepted",
            Faults.request(
                DismissRequest.class,
                dismiss ->
                    dismiss.toBuilder()
                        .setAttempt(
                            dismiss.getAttempt().toBuilder()
                                .setMigrationId("00000000-0000-4000-8000-000000000000"))
                        .build())));
    all.add(
        new Mutant(
            "is dismissed by anybody",
            "DCM-DEC-013",
            "witness/witness/dismissed-by-others",
            "IDENTITY_NOT_ADMITTED",
            Faults.accepting("Dismiss", "IDENTITY_NOT_ADMITTED")));
    all.add(
        new Mutant(
            "does not tell what it has accepted",
            "DCM-STA-002",
            "witness/witness/promises",
            "accepted",
            Faults.response(PromiseResponse.class, VoteMutants::silent)));
    all.add(
        new Mutant(
            "is appointed to an epoch that is over",
            "DCM-STA-001",
            "witness/witness/older-epoch",
            "EPOCH_STALE",
            Faults.accepting("Appoint", "EPOCH_STALE")));
  }

  private static void destinations(List<Mutant> all) {
    all.add(
        new Mutant(
            "forgets the witness that was named first",
            "DCM-STA-002",
            "decision/destination/first-witness",
            "answer in Switchover",
            new WitnessNamedLater()));
    all.add(
        new Mutant(
            "takes a refusal for a vote",
            "DCM-DEC-001",
            "decision/destination/bound-by-votes",
            "Commit",
            answered(
                message ->
                    message instanceof AcceptResponse vote
                        ? vote.toBuilder().setPromisedBallot(0).build()
                        : message)));
    all.add(
        new Mutant(
            "proposes itself, whatever promises name",
            "DCM-DEC-007",
            "decision/destination/bound-by-votes",
            "Commit",
            answered(message -> message instanceof PromiseResponse vote ? silent(vote) : message)));
    all.add(
        new Mutant(
            "asks in the source's ballots",
            "DCM-DEC-008",
            "decision/destination/outbid",
            "ballot of the destination",
            Faults.inCalls(new OddBallots())));
    all.add(
        new Mutant(
            "asks only once",
            "DCM-DEC-011",
            "decision/destination/asked-again",
            "asks again",
            Faults.inCalls(new AsksOnce())));
    all.add(
        new Mutant(
            "votes without the grant",
            "DCM-DEC-009",
            "decision/destination/vote-after-grant",
            "MIGRATION_UNKNOWN",
            Faults.accepting("Promise", "MIGRATION_UNKNOWN")));
    all.add(
        new Mutant(
            "lets the grant go for another epoch",
            "DCM-DEC-011",
            "decision/destination/kept",
            "TOO_LATE",
            Faults.accepting("Open", "TOO_LATE")));
    all.add(
        new Mutant(
            "takes fencing for granted",
            "DCM-DEC-015",
            "decision/destination/resolved",
            "FIELD_INVALID",
            Faults.request(
                ResolveMigrationRequest.class,
                resolve -> resolve.toBuilder().setOtherSideIsFenced(true).build())));
    all.add(
        new Mutant(
            "keeps its own vote open when it owns the guest",
            "DCM-DEC-017",
            "decision/destination/own-seat-ends",
            "accepted",
            Faults.response(PromiseResponse.class, VoteMutants::silent)));
  }

  private static void holders(List<Mutant> all) {
    all.add(
        new Mutant(
            "skips pages of a relay that there is not",
            "DCM-CTR-005",
            "grid/holder/opened-skip-asked",
            "STATE_CONFLICT",
            Faults.accepting("Skip", "STATE_CONFLICT")));
    all.add(
        new Mutant(
            "takes pages of a peer that was not announced",
            "DCM-XFR-002",
            "grid/holder/receiving-transfer-asked-by-x",
            "SENDER_NOT_ANNOUNCED",
            Faults.accepting("Transfer", "SENDER_NOT_ANNOUNCED")));
    all.add(
        new Mutant(
            "resolves what is not in doubt",
            "DCM-DEC-015",
            "grid/holder/owned-running-resolve-asked-for-the-source",
            "STATE_CONFLICT",
            Faults.accepting("ResolveMigration", "STATE_CONFLICT")));
  }

  private static PromiseResponse silent(PromiseResponse vote) {
    return vote.toBuilder().clearAccepted().build();
  }

  private static Fault answered(Faults.Change<Message> change) {
    return Faults.inCalls(Faults.response(Message.class, change));
  }

  /** Takes the ballot above its own, and is told of its own. */
  private static final class OddBallots implements Fault {
    @Override
    public List<Message> requests(Call call, Message message) {
      return List.of(
          switch (message) {
            case PromiseRequest asked -> asked.toBuilder().setBallot(asked.getBallot() + 1).build();
            case AcceptRequest asked when asked.getVote().getBallot() > 0 ->
                asked.toBuilder()
                    .setVote(asked.getVote().toBuilder().setBallot(asked.getVote().getBallot() + 1))
                    .build();
            default -> message;
          });
    }

    @Override
    public Optional<Message> response(Call call, Message message) {
      return Optional.of(
          switch (message) {
            case PromiseResponse vote when vote.getPromisedBallot() > 1 ->
                vote.toBuilder().setPromisedBallot(vote.getPromisedBallot() - 1).build();
            case AcceptResponse vote when vote.getPromisedBallot() > 1 ->
                vote.toBuilder().setPromisedBallot(vote.getPromisedBallot() - 1).build();
            default -> message;
          });
    }
  }

  /** No question but the first arrives. */
  private static final class AsksOnce implements Fault {
    private final AtomicInteger questions = new AtomicInteger();

    @Override
    public List<Message> requests(Call call, Message message) {
      return message instanceof AcceptRequest && questions.getAndIncrement() > 0
          ? List.of()
          : List.of(message);
    }
  }

  /** Once a Commit names no witness, it counts no vote of an electorate with one. */
  private static final class WitnessNamedLater implements Fault {
    private final AtomicBoolean none = new AtomicBoolean();

    @Override
    public Optional<Message> request(Call call, Message message) {
      if (message instanceof SwitchoverRequest step && step.hasCommit()) {
        none.set(!step.getCommit().hasWitness());
      }
      return Optional.of(message);
    }

    @Override
    public Fault calls() {
      return new Fault() {
        @Override
        public Optional<Message> response(Call call, Message message) {
          return message instanceof AcceptResponse && none.get()
              ? Optional.empty()
              : Optional.of(message);
        }
      };
    }
  }
}

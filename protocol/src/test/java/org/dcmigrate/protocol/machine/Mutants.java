package org.dcmigrate.protocol.machine;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.decision.Acceptor;
import org.dcmigrate.protocol.decision.Answer;
import org.dcmigrate.protocol.decision.Proposer;
import org.dcmigrate.protocol.decision.Question;
import org.dcmigrate.protocol.decision.Vote;
import org.dcmigrate.protocol.machine.HolderState.Resumption;
import org.dcmigrate.protocol.machine.Machines.Write;
import org.dcmigrate.protocol.machine.Simulation.Summary;

/**
 * Machines with one deliberate fault each. The simulation has to catch every one of them, for a
 * reason that fits; else it proves less than it seems to.
 */
final class Mutants {
  /**
   * A mutant.
   *
   * @param rule the rule of the design that it breaks, as numbered in SPEC.md's invariants
   * @param within the number of seeds within which it is caught
   * @param sign a part of the message that it must be caught with
   */
  record Mutant(String name, String rule, long within, String sign, Machines machines) {}

  /** Whether it was caught, after how many schedules, and by which message. */
  record Catch(boolean caught, long seeds, String by) {}

  static final List<Mutant> ALL =
      List.of(
          new Mutant(
              "canary: the source runs its guest on after the grant", "1", 20, "grant", canary()),
          new Mutant(
              "destination resumes before it is decided", "1", 400, "not decided", eagerOwner()),
          new Mutant(
              "destination resumes before OWNED is on disk", "6", 400, "persist", lateOwned()),
          new Mutant(
              "a vote is answered before it is on disk",
              "1",
              2_000,
              "both choices",
              unwaited(Write.VOTE)),
          new Mutant(
              "a holder goes on before its record is on disk",
              "6",
              400,
              "",
              unwaited(Write.HOLDER_RECORD)),
          new Mutant(
              "a source goes on before its record is on disk",
              "6",
              400,
              "",
              unwaited(Write.SOURCE_RECORD)),
          new Mutant("a torn record is taken as whole", "6", 5_000, "has not ended", tornReader()),
          new Mutant(
              "a voter ignores what it promised", "1", 5_000, "both choices", forgetfulVoter()),
          new Mutant(
              "second phase ignores what was accepted",
              "1",
              2_000,
              "both choices",
              blindProposer()),
          new Mutant("source votes for its own grant", "6", 4_000, "one failure", eagerAccept()),
          new Mutant(
              "source takes the guest back undecided", "1", 1_000, "at the source", hastySource()),
          new Mutant("grant goes out before it is on disk", "6", 400, "persist", lateGrant()),
          new Mutant(
              "a redirect is taken after the grant", "1", 1_000, "at the source", grantReused()),
          new Mutant(
              "a restarted source takes the guest back undecided",
              "1",
              4_000,
              "at the source",
              rashSource()),
          new Mutant(
              "source ends its guest before Running", "2", 400, "nobody owns it", earlyQuit()),
          new Mutant(
              "a destination that gave up answers Running", "2", 20_000, "nobody owns it", liar()),
          new Mutant(
              "a destination forgets the grant without writing it", "1", 5_000, "", amnesia()),
          new Mutant("a message of an older epoch is taken", "4", 2_000, "older epoch", unfenced()),
          new Mutant(
              "an older generation overwrites a newer one",
              "3",
              2_000,
              "older generation",
              stale()),
          new Mutant("memory is believed without its digest", "3", 4_000, "differs", credulous()),
          new Mutant("a contributor resumes the guest", "1", 400, "does not own", contributor()),
          new Mutant(
              "a restarted source leaves its guest stopped",
              "6",
              4_000,
              "the guest at S is",
              sleepySource()),
          new Mutant(
              "an answer of an older epoch moves the source",
              "4",
              4_000,
              "answer of epoch",
              late()),
          new Mutant(
              "a source that was resolved goes on voting",
              "1",
              20_000,
              "at the source",
              lastingSeat()));

  /**
   * Takes a restart of the source between its own vote and the witness's, and a request that comes
   * late: too rare for random schedules, and found by the exploration only.
   */
  static final Mutant HASTY_PROPOSER =
      new Mutant(
          "a proposer asks others before it has promised itself",
          "1",
          0,
          "both choices",
          hastyProposer());

  private Mutants() {}

  /** Looks for the first schedule that catches it. */
  static Catch hunt(Mutant mutant) throws InterruptedException {
    Summary summary = Simulation.run(mutant.machines(), 1, mutant.within());
    Optional<String> by =
        summary.broken().values().stream().filter(m -> m.contains(mutant.sign())).findFirst();
    return new Catch(
        by.isPresent(),
        summary.schedules(),
        by.orElse(summary.broken().isEmpty() ? "SURVIVED" : "WRONG SIGN " + summary.broken()));
  }

  private static Machines canary() {
    return new Machines() {
      @Override
      public SourceStep source(SourceState state, SourceInput input, long nowNs) {
        SourceStep step = SourceMachine.step(state, input, nowNs);
        return step.next() instanceof SourceState.Committing
                && !(state instanceof SourceState.Committing)
            ? step.then(new SourceOutput.TakeBack())
            : step;
      }
    };
  }

  private static Machines eagerOwner() {
    return holder(
        (state, input) ->
            state instanceof HolderState.Prepared prepared
                    && input instanceof HolderInput.CommitArrived
                ? HolderStep.of(
                    new HolderState.Owned(
                        prepared.epoch(), prepared.memoryDigest(), Resumption.UNDER_WAY),
                    new HolderOutput.Persist(
                        new HolderRecord.OwnedWith(prepared.epoch(), prepared.memoryDigest())),
                    new HolderOutput.ResumeGuest(prepared.epoch()))
                : HolderMachine.step(state, input));
  }

  private static Machines lateOwned() {
    return holder(
        (state, input) -> {
          HolderStep step = HolderMachine.step(state, input);
          if (step.next() instanceof HolderState.Owned && step.outputs().size() == 2) {
            return new HolderStep(step.next(), step.outputs().reversed());
          }
          return step;
        });
  }

  private static Machines unwaited(Write forgotten) {
    return new Machines() {
      @Override
      public boolean waitsForDisk(Write what) {
        return what != forgotten;
      }
    };
  }

  /** Reads what there is of a record's text: a digest without its last digit, a holder fewer. */
  private static Machines tornReader() {
    return new Machines() {
      @Override
      public Optional<SourceRecord> tornSource(SourceRecord record) {
        return switch (record) {
          case SourceRecord.AttemptOpened a when !a.holders().isEmpty() ->
              Optional.of(
                  new SourceRecord.AttemptOpened(
                      a.epoch(), a.to(), a.holders().subList(0, a.holders().size() - 1)));
          case SourceRecord.Granted g ->
              Optional.of(
                  new SourceRecord.Granted(g.epoch(), g.to(), g.memoryDigest() >>> 4, g.witness()));
          default -> Optional.empty();
        };
      }

      @Override
      public Optional<HolderRecord> tornHolder(HolderRecord record) {
        return switch (record) {
          case HolderRecord.PreparedWith p ->
              Optional.of(new HolderRecord.PreparedWith(p.epoch(), p.memoryDigest() >>> 4));
          case HolderRecord.GrantedWith g ->
              Optional.of(
                  new HolderRecord.GrantedWith(g.epoch(), g.memoryDigest() >>> 4, g.electorate()));
          case HolderRecord.OwnedWith o ->
              Optional.of(new HolderRecord.OwnedWith(o.epoch(), o.memoryDigest() >>> 4));
          default -> Optional.empty();
        };
      }
    };
  }

  private static Machines forgetfulVoter() {
    return new Machines() {
      @Override
      public Acceptor.Step vote(PeerId caller, Acceptor acceptor, Question question) {
        return new Acceptor(-1, acceptor.accepted()).ask(question);
      }
    };
  }

  private static Machines blindProposer() {
    return new Machines() {
      @Override
      public SourceStep source(SourceState state, SourceInput input, long nowNs) {
        return SourceMachine.step(
            state,
            input instanceof SourceInput.Answered a && a.answer() instanceof Answer.Promised p
                ? new SourceInput.Answered(
                    a.epoch(), a.from(), new Answer.Promised(p.ballot(), Optional.empty()))
                : input,
            nowNs);
      }
    };
  }

  /** All voters are asked at once, and any majority's promises are enough. */
  private static Machines hastyProposer() {
    return source(
        (state, input, nowNs) -> {
          SourceStep step =
              state instanceof SourceState.InDoubt doubt
                      && input instanceof SourceInput.Answered answered
                      && answered.epoch() == doubt.grant().epoch()
                      && answered.answer() instanceof Answer.Promised promised
                      && promised.ballot() == doubt.proposer().ballot()
                      && doubt.proposer().vote().isEmpty()
                  ? SourceStep.of(withPromise(doubt, answered.from(), promised))
                  : SourceMachine.step(state, input, nowNs);
          return askingAll(state, step);
        });
  }

  private static SourceState withPromise(
      SourceState.InDoubt doubt, PeerId from, Answer.Promised promised) {
    Proposer before = doubt.proposer();
    Map<PeerId, Optional<Vote>> promises = new LinkedHashMap<>(before.promises());
    promises.put(from, promised.accepted());
    Optional<Vote> vote =
        promises.size() < before.electorate().quorum()
            ? Optional.empty()
            : Optional.of(
                new Vote(
                    before.ballot(),
                    promises.values().stream()
                        .flatMap(Optional::stream)
                        .max(Comparator.comparingLong(Vote::ballot))
                        .map(Vote::choice)
                        .orElse(before.free())));
    return new SourceState.InDoubt(
        doubt.course(),
        doubt.grant(),
        doubt.why(),
        new Proposer(
            before.self(),
            before.electorate(),
            before.free(),
            before.ballot(),
            vote,
            promises,
            before.votes(),
            before.seen()),
        doubt.ballots(),
        doubt.nextTryNs(),
        doubt.asking());
  }

  /** With each question that is new also to those that it would not be put to yet. */
  private static SourceStep askingAll(SourceState before, SourceStep step) {
    if (!(step.next() instanceof SourceState.InDoubt doubt)) {
      return step;
    }
    Proposer proposer = doubt.proposer();
    boolean isNew =
        !(before instanceof SourceState.InDoubt earlier)
            || earlier.proposer().ballot() != proposer.ballot()
            || !earlier.proposer().vote().equals(proposer.vote());
    if (!isNew) {
      return step;
    }
    List<SourceOutput> outputs = new ArrayList<>(step.outputs());
    outputs.removeIf(SourceOutput.Ask.class::isInstance);
    Question question =
        proposer
            .vote()
            .<Question>map(Question.Accept::new)
            .orElseGet(() -> new Question.Promise(proposer.ballot()));
    for (PeerId acceptor : proposer.electorate().acceptors()) {
      outputs.add(new SourceOutput.Ask(doubt.grant().epoch(), acceptor, question));
    }
    return new SourceStep(step.next(), outputs);
  }

  private static Machines lastingSeat() {
    return new Machines() {
      @Override
      public boolean recordsEndSeats() {
        return false;
      }
    };
  }

  private static Machines eagerAccept() {
    return new Machines() {
      @Override
      public Acceptor sourceSeat() {
        return Acceptor.granted();
      }
    };
  }

  private static Machines hastySource() {
    return source(
        (state, input, nowNs) ->
            SourceMachine.step(
                state,
                input instanceof SourceInput.CommitLost lost
                    ? new SourceInput.CommitRefused(lost.epoch(), lost.failure())
                    : input,
                nowNs));
  }

  private static Machines lateGrant() {
    return source(
        (state, input, nowNs) -> {
          SourceStep step = SourceMachine.step(state, input, nowNs);
          return step.next() instanceof SourceState.Committing
                  && !(state instanceof SourceState.Committing)
              ? new SourceStep(step.next(), step.outputs().reversed())
              : step;
        });
  }

  private static Machines grantReused() {
    return source(
        (state, input, nowNs) ->
            state instanceof SourceState.Committing committing
                    && input instanceof SourceInput.RedirectAsked asked
                    && !asked.to().equals(committing.grant().to())
                    && !asked.to().equals(committing.course().self())
                ? SourceSteps.open(committing.course(), asked.to(), true, Optional.empty())
                    .after(new SourceOutput.TakeBack())
                : SourceMachine.step(state, input, nowNs));
  }

  private static Machines rashSource() {
    return new Machines() {
      @Override
      public SourceStep recoverSource(
          PeerId self, List<SourceRecord> journal, boolean guestLost, long nowNs) {
        SourceStep step = SourceMachine.recover(self, journal, guestLost, nowNs);
        return step.next() instanceof SourceState.Committing committing
            ? SourceSteps.takeBack(
                committing.course(), new Failure(Reason.SOURCE_RESTARTED, "restarted"))
            : step;
      }
    };
  }

  private static Machines earlyQuit() {
    return source(
        (state, input, nowNs) -> {
          SourceStep step = SourceMachine.step(state, input, nowNs);
          return step.next() instanceof SourceState.Committing
                  && !(state instanceof SourceState.Committing)
              ? step.then(new SourceOutput.QuitGuest())
              : step;
        });
  }

  private static Machines liar() {
    return holder(
        (state, input) ->
            state instanceof HolderState.Forgotten && input instanceof HolderInput.CommitArrived
                ? HolderStep.of(state, new HolderOutput.ReportRunning())
                : HolderMachine.step(state, input));
  }

  private static Machines amnesia() {
    return new Machines() {
      @Override
      public HolderStep recoverHolder(List<HolderRecord> journal) {
        HolderStep step = HolderMachine.recover(journal);
        return step.next() instanceof HolderState.Deciding deciding
            ? HolderStep.of(
                new HolderState.Forgotten(
                    deciding.epoch(), new Failure(Reason.ATTEMPT_DISCARDED, "restarted")))
            : step;
      }
    };
  }

  private static Machines unfenced() {
    return holder(
        (state, input) -> {
          long now = state.epoch();
          HolderInput raised =
              switch (input) {
                case HolderInput.CommitArrived i when i.epoch() < now ->
                    new HolderInput.CommitArrived(now, i.memoryDigest(), i.electorate());
                case HolderInput.DetachAsked i when i.epoch() < now ->
                    new HolderInput.DetachAsked(now + 1, i.newDestination());
                case HolderInput.ForgetAsked i when i.epoch() < now ->
                    new HolderInput.ForgetAsked(now);
                case HolderInput.TransferAsked i when i.epoch() < now ->
                    new HolderInput.TransferAsked(now, i.sender());
                case HolderInput.OpenAsked i when i.epoch() < now ->
                    new HolderInput.OpenAsked(now + 1, i.source(), i.contributors());
                default -> input;
              };
          return HolderMachine.step(state, raised);
        });
  }

  private static Machines stale() {
    return new Machines() {
      @Override
      public boolean takes(Version held, Version came) {
        return true;
      }
    };
  }

  private static Machines credulous() {
    return holder(
        (state, input) ->
            HolderMachine.step(
                state,
                input instanceof HolderInput.Verified verified
                    ? new HolderInput.Verified(verified.epoch(), true)
                    : input));
  }

  private static Machines contributor() {
    return holder(
        (state, input) -> {
          HolderStep step = HolderMachine.step(state, input);
          return step.next() instanceof HolderState.Drained && state instanceof HolderState.Relaying
              ? step.then(new HolderOutput.ResumeGuest(state.epoch()))
              : step;
        });
  }

  private static Machines sleepySource() {
    return new Machines() {
      @Override
      public SourceStep recoverSource(
          PeerId self, List<SourceRecord> journal, boolean guestLost, long nowNs) {
        SourceStep step = SourceMachine.recover(self, journal, guestLost, nowNs);
        List<SourceOutput> outputs = new ArrayList<>(step.outputs());
        outputs.removeIf(
            output ->
                output instanceof SourceOutput.TakeBack
                    || output instanceof SourceOutput.EndGuestMigration);
        return new SourceStep(step.next(), outputs);
      }
    };
  }

  private static Machines late() {
    return source(
        (state, input, nowNs) -> {
          SourceInput raised = input;
          if (state instanceof SourceState.Transferring transferring
              && input instanceof SourceInput.DestinationLost lost) {
            raised = new SourceInput.DestinationLost(transferring.epoch(), lost.failure());
          } else if (state instanceof SourceState.Transferring transferring
              && input instanceof SourceInput.ContributorLost lost) {
            raised =
                new SourceInput.ContributorLost(transferring.epoch(), lost.peer(), lost.failure());
          } else if (state instanceof SourceState.Opening opening
              && input instanceof SourceInput.OpenRefused refused) {
            raised = new SourceInput.OpenRefused(opening.epoch(), refused.failure());
          }
          return SourceMachine.step(state, raised, nowNs);
        });
  }

  private interface HolderFault {
    HolderStep step(HolderState state, HolderInput input);
  }

  private static Machines holder(HolderFault fault) {
    return new Machines() {
      @Override
      public HolderStep holder(HolderState state, HolderInput input) {
        return fault.step(state, input);
      }
    };
  }

  private interface SourceFault {
    SourceStep step(SourceState state, SourceInput input, long nowNs);
  }

  private static Machines source(SourceFault fault) {
    return new Machines() {
      @Override
      public SourceStep source(SourceState state, SourceInput input, long nowNs) {
        return fault.step(state, input, nowNs);
      }
    };
  }
}

package org.dcmigrate.protocol.machine;

import static org.dcmigrate.protocol.machine.SourceStep.of;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.decision.Choice;
import org.dcmigrate.protocol.machine.SourceState.Asked;
import org.dcmigrate.protocol.machine.SourceState.ContributorPhase;
import org.dcmigrate.protocol.machine.SourceState.Course;
import org.dcmigrate.protocol.machine.SourceState.Ended;
import org.dcmigrate.protocol.machine.SourceState.Opening;
import org.dcmigrate.protocol.machine.SourceState.Parked;
import org.dcmigrate.protocol.machine.SourceState.Reconciling;
import org.dcmigrate.protocol.machine.SourceState.Result;
import org.dcmigrate.protocol.machine.SourceState.Transferring;

/** Steps and refusals that several states of the source share. */
final class SourceSteps {
  private SourceSteps() {}

  /** Asks a peer to become the only destination. */
  static SourceStep open(
      Course before, PeerId to, boolean redirect, Optional<Parked> parkedBefore) {
    Course course = before.opening(to);
    long epoch = course.lastEpoch();
    return of(
        new Opening(course, epoch, to, Asked.OPEN, redirect, parkedBefore),
        new SourceOutput.Persist(new SourceRecord.AttemptOpened(epoch, to, course.holdersBut(to))),
        new SourceOutput.Open(epoch, to, course.holdersBut(to)));
  }

  /** The new destination stands ready: every other holder becomes a contributor. */
  static SourceStep turn(Course course, long epoch, PeerId to, boolean redirect) {
    List<SourceOutput> detaches = new ArrayList<>();
    Map<PeerId, ContributorPhase> contributors = new LinkedHashMap<>();
    for (PeerId peer : course.holdersBut(to)) {
      contributors.put(peer, ContributorPhase.DETACHING);
      detaches.add(new SourceOutput.Detach(epoch, peer, to));
    }
    SourceWitness.Change witness = SourceWitness.begin(course, epoch, to);
    SourceStep start =
        SourceTransfer.startWhenDetached(
                new Transferring(
                    witness.course(), epoch, to, contributors, false, false, Reconciling.IDLE))
            .after(detaches.toArray(SourceOutput[]::new))
            .after(witness.outputs().toArray(SourceOutput[]::new));
    return redirect ? start.then(new SourceOutput.RedirectDone(epoch, to)) : start;
  }

  static Parked park(Course course, Failure why, long nowNs) {
    return new Parked(course, why, nowNs + course.parkedNs());
  }

  static SourceStep cancel(Course course) {
    return end(course, new Result.Cancelled());
  }

  /**
   * Ends with the guest running at the source. What is done to the guest precedes the record, so
   * that a restart in between does it again instead of leaving the guest as it was.
   */
  static SourceStep end(Course course, Result result) {
    List<SourceOutput> outputs = new ArrayList<>();
    outputs.add(new SourceOutput.EndGuestMigration());
    outputs.add(new SourceOutput.Persist(new SourceRecord.Ended(result)));
    for (PeerId peer : course.holders()) {
      outputs.add(new SourceOutput.Abort(course.lastEpoch(), peer));
    }
    return new SourceStep(new Ended(course, result), outputs)
        .then(SourceWitness.dismissals(course, course.lastEpoch(), Choice.SOURCE));
  }

  /** Ends with a guest that may have been sealed running on at the source. */
  static SourceStep takeBack(Course course, Failure why) {
    return end(course, new Result.Failed(why)).after(new SourceOutput.TakeBack());
  }

  /** Ends with the guest running at its owner. */
  static SourceStep complete(Course course, PeerId owner) {
    Result result = new Result.Completed(owner);
    List<SourceOutput> outputs = new ArrayList<>();
    outputs.add(new SourceOutput.QuitGuest());
    outputs.add(new SourceOutput.Persist(new SourceRecord.Ended(result)));
    for (PeerId peer : course.holdersBut(owner)) {
      outputs.add(new SourceOutput.Release(course.lastEpoch(), peer));
    }
    return new SourceStep(new Ended(course, result), outputs)
        .then(SourceWitness.dismissals(course, course.lastEpoch(), Choice.DESTINATION));
  }

  static SourceStep refuse(SourceState state, Failure failure) {
    return of(state, new SourceOutput.Refuse(failure));
  }

  /** Why a peer cannot be the next destination, where it cannot. */
  static Optional<Failure> objection(Course course, Optional<PeerId> current, PeerId to) {
    if (to.equals(course.self())) {
      return Optional.of(
          new Failure(
              Reason.DESTINATION_IS_SOURCE,
              "the guest runs at this peer already; name another one, or cancel to keep it here"));
    }
    if (current.isPresent() && current.get().equals(to)) {
      return Optional.of(
          new Failure(
              Reason.DESTINATION_IS_CURRENT,
              "that peer is the current destination already; name another one"));
    }
    return Optional.empty();
  }

  static Failure redirectUnderWay(PeerId to) {
    return new Failure(
        Reason.STATE_CONFLICT,
        "a redirect to " + to + " is under way; wait for its outcome, then redirect again");
  }

  static Failure cancelledMeanwhile() {
    return new Failure(Reason.CANCELLED_BY_OPERATOR, "the migration was cancelled meanwhile");
  }

  static Failure tooLate() {
    return new Failure(
        Reason.TOO_LATE,
        "the commit has begun; wait for its outcome, then migrate the guest from its new place");
  }

  static Failure notInDoubt() {
    return new Failure(
        Reason.STATE_CONFLICT,
        "nothing was granted yet, so the guest is the source's; redirect or cancel instead");
  }

  static Failure finished() {
    return new Failure(
        Reason.MIGRATION_FINISHED, "the migration has ended; start a new one at the guest's owner");
  }
}

package org.dcmigrate.protocol.machine;

import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.machine.SourceState.Parked;
import org.dcmigrate.protocol.machine.SourceState.Result;

/**
 * States without what no behaviour depends on once time is left out: points in time, how often a
 * proposer waited, and sentences. Every deadline lies in the past, so that a {@code Tick} finds it
 * over whenever it comes.
 */
final class Projection {
  /** Later than every deadline. */
  static final long LATE_NS = Long.MAX_VALUE / 2;

  static final Failure WHY = new Failure(Reason.PEER_UNREACHABLE, "gone");
  private static final Failure GIVEN_UP = new Failure(Reason.ATTEMPT_DISCARDED, "given up");
  static final Failure UNFIT = new Failure(Reason.GUEST_INCOMPATIBLE, "unfit");

  private Projection() {}

  static SourceState source(SourceState state) {
    return switch (state) {
      case SourceState.Opening s ->
          s.parkedBefore().isEmpty()
              ? s
              : new SourceState.Opening(
                  s.course(),
                  s.epoch(),
                  s.to(),
                  s.asked(),
                  s.redirect(),
                  s.parkedBefore().map(Projection::parked));
      case SourceState.Transferring s -> s;
      case SourceState.Redirecting s -> s;
      case Parked s -> parked(s);
      case SourceState.SwitchingOver s -> s;
      case SourceState.Committing s ->
          new SourceState.Committing(s.course(), s.grant(), s.guestLost(), 0);
      case SourceState.InDoubt s ->
          new SourceState.InDoubt(s.course(), s.grant(), WHY, s.proposer(), 1, 0, s.asking());
      case SourceState.Committed s ->
          new SourceState.Committed(s.course(), s.grant(), 0, s.asking());
      case SourceState.Ended s -> new SourceState.Ended(s.course(), result(s.result()));
    };
  }

  static SourceRecord record(SourceRecord record) {
    return record instanceof SourceRecord.Ended ended
        ? new SourceRecord.Ended(result(ended.result()))
        : record;
  }

  /** One round before a destination that was outbid begins its next ballot. */
  static HolderState holder(HolderState state) {
    return switch (state) {
      case HolderState.Deciding s ->
          new HolderState.Deciding(s.epoch(), s.memoryDigest(), s.proposer(), s.found(), 2);
      case HolderState.RelayFailed s ->
          new HolderState.RelayFailed(s.epoch(), s.newDestination(), WHY);
      case HolderState.Forgotten s ->
          new HolderState.Forgotten(
              s.epoch(), s.why().reason() == Reason.ATTEMPT_DISCARDED ? GIVEN_UP : UNFIT);
      default -> state;
    };
  }

  private static Parked parked(Parked state) {
    return new Parked(state.course(), WHY, 0);
  }

  private static Result result(Result result) {
    return result instanceof Result.Failed ? new Result.Failed(WHY) : result;
  }
}

package org.dcmigrate.protocol.machine;

import java.util.Optional;
import java.util.Set;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.machine.Message.Control;
import org.dcmigrate.protocol.machine.Message.Reply;
import org.dcmigrate.protocol.machine.Product.Call;

/** Which input of the source's machine comes of a call of its own. */
final class SourceAnswers {
  private SourceAnswers() {}

  /** Of an answer. Nobody waits for those to farewells, and for a refused question. */
  static Optional<SourceInput> heard(Call call, Reply reply) {
    if (call.message() instanceof Message.Ballot ballot) {
      return reply instanceof Reply.Voted voted
          ? Optional.of(new SourceInput.Answered(ballot.epoch(), call.to(), voted.answer()))
          : Optional.empty();
    }
    if (reply instanceof Reply.Refused refused) {
      return refused(call, refused);
    }
    return switch (call.message()) {
      case Message.Appoint o -> Optional.of(new SourceInput.WitnessAppointed(o.epoch(), call.to()));
      case Control(HolderInput input, Set<Integer> none) -> accepted(call, input, reply);
      default -> Optional.empty();
    };
  }

  private static Optional<SourceInput> accepted(Call call, HolderInput input, Reply reply) {
    return switch (input) {
      case HolderInput.OpenAsked o -> Optional.of(new SourceInput.OpenAccepted(o.epoch()));
      case HolderInput.MetadataArrived o ->
          Optional.of(new SourceInput.MetadataAccepted(o.epoch()));
      case HolderInput.InventoryAsked o -> Optional.of(new SourceInput.Reconciled(o.epoch()));
      case HolderInput.DetachAsked o -> Optional.of(new SourceInput.Detached(o.epoch(), call.to()));
      case HolderInput.PrepareArrived o ->
          Optional.of(
              reply instanceof Reply.Prepared ready
                  ? new SourceInput.Prepared(o.epoch(), ready.memoryDigest())
                  : new SourceInput.Incomplete(o.epoch()));
      case HolderInput.CommitArrived o -> Optional.of(new SourceInput.Running(o.epoch()));
      default -> Optional.empty();
    };
  }

  /** Only a destination that has given up for good sets the guest free. */
  private static Optional<SourceInput> refused(Call call, Reply.Refused reply) {
    if (call.message() instanceof Control(HolderInput.CommitArrived o, Set<Integer> none)
        && reply.failure().reason() == Reason.ATTEMPT_DISCARDED) {
      return Optional.of(new SourceInput.CommitRefused(o.epoch(), Projection.WHY));
    }
    if (call.message() instanceof Control(HolderInput.PrepareArrived o, Set<Integer> none)) {
      return Optional.of(new SourceInput.PrepareFailed(o.epoch(), Projection.WHY));
    }
    return lost(call);
  }

  /** Of a call that failed. */
  static Optional<SourceInput> lost(Call call) {
    return switch (call.message()) {
      case Message.Appoint o ->
          Optional.of(new SourceInput.WitnessRefused(o.epoch(), call.to(), Projection.WHY));
      case Control(HolderInput input, Set<Integer> none) -> lost(call, input);
      default -> Optional.empty();
    };
  }

  private static Optional<SourceInput> lost(Call call, HolderInput input) {
    return switch (input) {
      case HolderInput.OpenAsked o ->
          Optional.of(new SourceInput.OpenRefused(o.epoch(), Projection.WHY));
      case HolderInput.MetadataArrived o ->
          Optional.of(new SourceInput.OpenRefused(o.epoch(), Projection.WHY));
      case HolderInput.TransferAsked o ->
          Optional.of(new SourceInput.DestinationLost(o.epoch(), Projection.WHY));
      case HolderInput.InventoryAsked o ->
          Optional.of(new SourceInput.DestinationLost(o.epoch(), Projection.WHY));
      case HolderInput.DetachAsked o ->
          Optional.of(new SourceInput.ContributorLost(o.epoch(), call.to(), Projection.WHY));
      case HolderInput.RelayAsked o ->
          Optional.of(new SourceInput.ContributorLost(o.epoch(), call.to(), Projection.WHY));
      case HolderInput.PrepareArrived o ->
          Optional.of(new SourceInput.DestinationLost(o.epoch(), Projection.WHY));
      case HolderInput.CommitArrived o ->
          Optional.of(new SourceInput.CommitLost(o.epoch(), Projection.WHY));
      default -> Optional.empty();
    };
  }
}

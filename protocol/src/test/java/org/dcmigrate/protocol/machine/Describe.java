package org.dcmigrate.protocol.machine;

import java.util.Locale;
import java.util.stream.Collectors;
import org.dcmigrate.protocol.decision.Answer;
import org.dcmigrate.protocol.decision.Proposer;
import org.dcmigrate.protocol.machine.SourceState.Reconciling;

/** States in one line, with what a reader of a log needs of them. */
final class Describe {
  private Describe() {}

  static String source(SourceState state) {
    return switch (state) {
      case SourceState.Opening s ->
          "Opening "
              + s.epoch()
              + " "
              + s.to()
              + " "
              + s.asked()
              + (s.redirect() ? " redirect" : "");
      case SourceState.Transferring s -> transferring(s);
      case SourceState.Redirecting s ->
          "Redirecting "
              + s.epoch()
              + " "
              + s.to()
              + " "
              + s.asked()
              + " from ("
              + transferring(s.current())
              + ")";
      case SourceState.Parked s -> "Parked " + s.why().reason();
      case SourceState.SwitchingOver s ->
          "SwitchingOver "
              + s.epoch()
              + " "
              + s.to()
              + " "
              + s.step()
              + (s.repairs() > 0 ? " repair " + s.repairs() : "")
              + (s.lost().isPresent() ? " lost" : "");
      case SourceState.Committing s -> "Committing " + s.grant().epoch() + " " + s.grant().to();
      case SourceState.InDoubt s ->
          "InDoubt "
              + s.grant().epoch()
              + " "
              + s.grant().to()
              + (s.asking() ? " asking" : "")
              + proposer(s.proposer());
      case SourceState.Committed s ->
          "Committed " + s.grant().epoch() + " " + s.grant().to() + (s.asking() ? " asking" : "");
      case SourceState.Ended s ->
          switch (s.result()) {
            case SourceState.Result.Completed completed -> "Ended: runs at " + completed.owner();
            case SourceState.Result.Cancelled cancelled -> "Ended: cancelled";
            case SourceState.Result.Failed failed -> "Ended: failed, " + failed.failure().reason();
          };
    };
  }

  private static String transferring(SourceState.Transferring s) {
    String contributors =
        s.contributors().entrySet().stream()
            .map(entry -> " " + entry.getKey() + "=" + entry.getValue())
            .collect(Collectors.joining());
    return "Transferring "
        + s.epoch()
        + " "
        + s.to()
        + contributors
        + (s.started() ? " started" : "")
        + (s.reconciling() == Reconciling.IDLE ? "" : " reconciling " + s.reconciling())
        + (s.settled() ? " settled" : "");
  }

  private static String proposer(Proposer proposer) {
    return " ballot "
        + proposer.ballot()
        + proposer
            .vote()
            .map(vote -> " " + vote.choice() + " " + proposer.votes())
            .orElse(" " + proposer.promises().keySet());
  }

  static String holder(HolderState state) {
    String name = state.getClass().getSimpleName() + " " + state.epoch();
    return switch (state) {
      case HolderState.Opened s -> name + (s.settingUp() ? " setting up" : "");
      case HolderState.Receiving s -> name;
      case HolderState.Preparing s -> name + (s.verified() ? " verified" : "");
      case HolderState.Prepared s -> name;
      case HolderState.Deciding s -> name + proposer(s.proposer());
      case HolderState.Owned s -> name + " " + s.resumption();
      case HolderState.Detached s -> name;
      case HolderState.Relaying s -> name + " to " + s.newDestination();
      case HolderState.Drained s -> name;
      case HolderState.RelayFailed s -> name + " " + s.why().reason();
      case HolderState.Forgotten s -> name;
    };
  }

  static String answer(Object answer) {
    return switch (answer) {
      case Answer.Promised promised ->
          "promised, accepted "
              + promised
                  .accepted()
                  .map(
                      vote ->
                          "the %s in ballot %d"
                              .formatted(
                                  vote.choice().name().toLowerCase(Locale.ROOT), vote.ballot()))
                  .orElse("nothing");
      case Answer.Accepted accepted -> "accepted";
      case Answer.Refused refused -> "refused, promised ballot " + refused.promised();
      default -> throw new IllegalArgumentException(String.valueOf(answer));
    };
  }
}

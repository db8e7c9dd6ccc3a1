package org.dcmigrate.protocol.trace;

import java.util.Optional;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.machine.HolderInput;
import org.dcmigrate.protocol.machine.HolderState;
import org.dcmigrate.protocol.machine.SourceInput;
import org.dcmigrate.protocol.machine.SourceState;

/** Which clause of SPEC.md asks for a step. */
final class Clauses {
  private static final String AS_THE_TABLE_SAYS = "DCM-STA-002";
  private static final String OTHER_EPOCH = "DCM-STA-003";

  private Clauses() {}

  static String of(SourceState state, SourceInput input, Optional<Failure> refusal) {
    return switch (input) {
      case SourceInput.RedirectAsked asked -> redirect(refusal);
      case SourceInput.CancelAsked asked ->
          is(refusal, Reason.TOO_LATE) ? "DCM-CAN-003" : "DCM-CAN-001";
      case SourceInput.ResolveAsked asked -> "DCM-DEC-015";
      case SourceInput.OpenAccepted accepted -> "DCM-MTA-001";
      case SourceInput.MetadataAccepted accepted ->
          state instanceof SourceState.Redirecting ? "DCM-RDR-005" : "DCM-RDR-006";
      case SourceInput.OpenRefused refused ->
          state instanceof SourceState.Redirecting ? "DCM-RDR-014" : "DCM-RDR-015";
      case SourceInput.Detached detached -> "DCM-RDR-006";
      case SourceInput.ContributorDrained drained -> "DCM-PLN-005";
      case SourceInput.ContributorLost lost -> "DCM-LOS-001";
      case SourceInput.Reconciled reconciled -> "DCM-PLN-006";
      case SourceInput.DestinationLost lost ->
          state instanceof SourceState.SwitchingOver switching
                  && switching.step() == SourceState.SwitchoverStep.SEAL
              ? "DCM-LOS-004"
              : "DCM-LOS-002";
      case SourceInput.GuestStopped stopped ->
          state instanceof SourceState.Transferring flowing && flowing.settled()
              ? "DCM-SWO-001"
              : "DCM-PLN-005";
      case SourceInput.GuestFailed failed -> AS_THE_TABLE_SAYS;
      case SourceInput.GuestLost lost -> "DCM-DEC-007";
      case SourceInput.Prepared prepared -> "DCM-SWO-008";
      case SourceInput.Incomplete incomplete -> "DCM-SWO-007";
      case SourceInput.Repaired repaired -> "DCM-SWO-001";
      case SourceInput.PrepareFailed failed -> "DCM-LOS-002";
      case SourceInput.GuestSealed sealed -> "DCM-DSK-001";
      case SourceInput.SealFailed failed -> AS_THE_TABLE_SAYS;
      case SourceInput.Running running -> "DCM-SWO-012";
      case SourceInput.CommitRefused refused -> "DCM-DSK-004";
      case SourceInput.CommitLost lost -> "DCM-SWO-013";
      case SourceInput.WitnessAppointed appointed -> "DCM-DEC-005";
      case SourceInput.WitnessRefused refused -> "DCM-DEC-004";
      case SourceInput.Answered answered -> "DCM-DEC-007";
      case SourceInput.Tick tick -> time(state);
    };
  }

  private static String redirect(Optional<Failure> refusal) {
    if (is(refusal, Reason.TOO_LATE)) {
      return "DCM-RDR-010";
    }
    if (is(refusal, Reason.STATE_CONFLICT)) {
      return "DCM-RDR-009";
    }
    return refusal.isPresent() ? AS_THE_TABLE_SAYS : "DCM-RDR-001";
  }

  private static String time(SourceState state) {
    return switch (state) {
      case SourceState.Parked parked -> "DCM-LOS-002";
      case SourceState.Committing committing -> "DCM-SWO-013";
      case SourceState.InDoubt inDoubt -> "DCM-DEC-014";
      case SourceState.Committed committed -> "DCM-SWO-009";
      default -> AS_THE_TABLE_SAYS;
    };
  }

  static String of(HolderState state, HolderInput input, Optional<Failure> refusal) {
    if (is(refusal, Reason.EPOCH_STALE)) {
      return "DCM-STA-001";
    }
    return switch (input) {
      case HolderInput.OpenAsked asked ->
          is(refusal, Reason.ALREADY_OPEN) ? "DCM-OPN-002" : "DCM-RDR-012";
      case HolderInput.MetadataArrived arrived ->
          is(refusal, Reason.STATE_CONFLICT) ? "DCM-MTA-008" : "DCM-MTA-005";
      case HolderInput.ShellReady ready -> "DCM-MTA-006";
      case HolderInput.ShellFailed failed -> "DCM-MTA-006";
      case HolderInput.TransferAsked asked -> "DCM-XFR-002";
      case HolderInput.InventoryAsked asked -> AS_THE_TABLE_SAYS;
      case HolderInput.PrepareArrived arrived -> "DCM-SWO-003";
      case HolderInput.Verified verified -> "DCM-DIG-003";
      case HolderInput.Loaded loaded -> loaded(state);
      case HolderInput.LoadFailed failed ->
          state instanceof HolderState.Deciding ? "DCM-DEC-012" : "DCM-SWO-004";
      case HolderInput.CommitArrived arrived ->
          state instanceof HolderState.Prepared ? "DCM-DEC-009" : "DCM-SWO-010";
      case HolderInput.Answered answered -> "DCM-DEC-001";
      case HolderInput.AskAgain again ->
          state instanceof HolderState.Owned ? "DCM-REC-008" : "DCM-DEC-014";
      case HolderInput.ResolveAsked asked -> "DCM-DEC-015";
      case HolderInput.Resumed resumed -> "DCM-SWO-011";
      case HolderInput.ResumeFailed failed -> failed.neverRan() ? "DCM-DEC-012" : "DCM-SWO-011";
      case HolderInput.DetachAsked asked ->
          state instanceof HolderState.Contributor ? "DCM-RDR-011" : "DCM-CTR-001";
      case HolderInput.RelayAsked asked -> "DCM-CTR-004";
      case HolderInput.SkipAsked asked -> "DCM-CTR-005";
      case HolderInput.RelayFinished finished -> "DCM-CTR-007";
      case HolderInput.RelayBroke broke -> "DCM-CTR-008";
      case HolderInput.ForgetAsked asked ->
          is(refusal, Reason.TOO_LATE) ? "DCM-CAN-005" : "DCM-CAN-004";
      case HolderInput.StatusAsked asked -> "DCM-LSE-002";
      case HolderInput.Stopping stopping -> "DCM-DSK-003";
      case HolderInput.LeaseEnded ended -> "DCM-LSE-003";
    };
  }

  private static String loaded(HolderState state) {
    return switch (state) {
      case HolderState.Preparing preparing -> "DCM-SWO-004";
      case HolderState.Deciding deciding -> "DCM-DEC-011";
      default -> OTHER_EPOCH;
    };
  }

  private static boolean is(Optional<Failure> refusal, Reason reason) {
    return refusal.isPresent() && refusal.get().reason() == reason;
  }
}

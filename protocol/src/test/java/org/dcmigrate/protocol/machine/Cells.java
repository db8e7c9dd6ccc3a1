package org.dcmigrate.protocol.machine;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.decision.Acceptor;
import org.dcmigrate.protocol.decision.Answer;
import org.dcmigrate.protocol.decision.Choice;
import org.dcmigrate.protocol.decision.Electorate;
import org.dcmigrate.protocol.decision.Proposer;
import org.dcmigrate.protocol.decision.Question;
import org.dcmigrate.protocol.decision.Vote;
import org.dcmigrate.protocol.machine.HolderState.Resumption;
import org.dcmigrate.protocol.machine.SourceState.Asked;
import org.dcmigrate.protocol.machine.SourceState.ContributorPhase;
import org.dcmigrate.protocol.machine.SourceState.Course;
import org.dcmigrate.protocol.machine.SourceState.Grant;
import org.dcmigrate.protocol.machine.SourceState.Parked;
import org.dcmigrate.protocol.machine.SourceState.Reconciling;
import org.dcmigrate.protocol.machine.SourceState.Result;
import org.dcmigrate.protocol.machine.SourceState.SwitchingOver;
import org.dcmigrate.protocol.machine.SourceState.SwitchoverStep;
import org.dcmigrate.protocol.machine.SourceState.Transferring;
import org.dcmigrate.protocol.machine.SourceState.Witnesses;

/**
 * States and inputs that stand for all: every kind of state in every variation that the machines
 * tell apart, every kind of input of the epoch in force, and of the one before and behind it. The
 * epoch in force is 5; S is the source, N the destination, O a contributor, W the witness, X a peer
 * that has no part.
 */
final class Cells {
  static final long NOW_NS = 10_000_000_000L;

  private static final long EPOCH = 5;
  private static final long DIGEST = 42;
  private static final PeerId S = new PeerId("S");
  private static final PeerId N = new PeerId("N");
  private static final PeerId O = new PeerId("O");
  private static final PeerId W = new PeerId("W");
  private static final PeerId X = new PeerId("X");
  private static final Failure WHY = new Failure(Reason.PEER_UNREACHABLE, "gone");
  static final Electorate VOTERS = new Electorate(S, N, Optional.of(W));

  private Cells() {}

  static Map<String, SourceState> sourceStates() {
    Witnesses nobody = new Witnesses(Optional.empty(), List.of(), false, Set.of());
    Course course = new Course(S, EPOCH, Set.of(N), nobody, 1_000);
    Witnesses asking = new Witnesses(Optional.of(W), List.of(W), false, Set.of(W));
    Course asked = new Course(S, EPOCH, Set.of(N, O), asking, 1_000);
    Witnesses named = new Witnesses(Optional.of(W), List.of(), false, Set.of());
    Witnesses two = new Witnesses(Optional.of(W), List.of(W, O), false, Set.of(W));
    Course asksTwo = new Course(S, EPOCH, Set.of(N, O), two, 1_000);
    Parked parked = new Parked(course, WHY, NOW_NS + 1);
    Transferring flowing = transferring(asked, ContributorPhase.RELAYING, true, false);
    Grant grant = new Grant(EPOCH, N, DIGEST, Optional.of(W));
    Proposer proposer = Proposer.recovering(VOTERS, Choice.SOURCE);
    Map<String, SourceState> states = new LinkedHashMap<>();
    states.put(
        "Opening, asked to open",
        new SourceState.Opening(course, EPOCH, N, Asked.OPEN, false, Optional.empty()));
    states.put(
        "Opening, metadata sent",
        new SourceState.Opening(course, EPOCH, N, Asked.METADATA, false, Optional.empty()));
    states.put(
        "Opening, metadata sent, a witness is named",
        new SourceState.Opening(
            new Course(S, EPOCH, Set.of(N), named, 1_000),
            EPOCH,
            N,
            Asked.METADATA,
            false,
            Optional.empty()));
    states.put(
        "Opening of a redirect, metadata sent, with an old destination",
        new SourceState.Opening(
            new Course(S, EPOCH, Set.of(N, O), nobody, 1_000),
            EPOCH,
            N,
            Asked.METADATA,
            true,
            Optional.of(parked)));
    states.put(
        "Opening of a redirect, metadata sent, no old destination is left",
        new SourceState.Opening(course, EPOCH, N, Asked.METADATA, true, Optional.of(parked)));
    states.put(
        "Opening of a redirect, from Parked",
        new SourceState.Opening(course, EPOCH, N, Asked.OPEN, true, Optional.of(parked)));
    states.put(
        "Opening of a redirect, metadata sent, a witness is named",
        new SourceState.Opening(
            new Course(S, EPOCH, Set.of(N), named, 1_000),
            EPOCH,
            N,
            Asked.METADATA,
            true,
            Optional.of(parked)));
    states.put(
        "Opening of a redirect, a witness was asked",
        new SourceState.Opening(asked, EPOCH, N, Asked.OPEN, true, Optional.of(parked)));
    states.put(
        "Transferring, two detach",
        transferring(asked, ContributorPhase.DETACHING, ContributorPhase.DETACHING, false));
    states.put(
        "Transferring, one detaches, another is lost",
        transferring(asked, ContributorPhase.DETACHING, ContributorPhase.LOST, false));
    states.put(
        "Transferring, one detaches, another is detached",
        transferring(asked, ContributorPhase.DETACHING, ContributorPhase.RELAYING, false));
    states.put(
        "Transferring, two relay",
        transferring(asked, ContributorPhase.RELAYING, ContributorPhase.RELAYING, true));
    states.put(
        "Transferring, one relays, another is lost, comparing",
        new Transferring(
            asked,
            EPOCH,
            N,
            Map.of(O, ContributorPhase.RELAYING, X, ContributorPhase.LOST),
            true,
            false,
            Reconciling.ASKED));
    states.put(
        "Transferring, comparing, more is owed since",
        new Transferring(
            asked, EPOCH, N, Map.of(O, ContributorPhase.LOST), true, false, Reconciling.OUTDATED));
    states.put(
        "Transferring, detaching", transferring(asked, ContributorPhase.DETACHING, false, false));
    states.put("Transferring, relaying", flowing);
    states.put(
        "Transferring, another witness is left to ask",
        transferring(asksTwo, ContributorPhase.RELAYING, true, false));
    states.put(
        "Transferring, comparing",
        new Transferring(
            asked, EPOCH, N, Map.of(O, ContributorPhase.LOST), true, false, Reconciling.ASKED));
    states.put("Transferring, settled", transferring(asked, ContributorPhase.DRAINED, true, true));
    states.put(
        "Redirecting, asked to open",
        new SourceState.Redirecting(before(asked), EPOCH, X, Asked.OPEN));
    states.put(
        "Redirecting, metadata sent",
        new SourceState.Redirecting(before(asked), EPOCH, X, Asked.METADATA));
    states.put(
        "Redirecting, the present one detaches",
        new SourceState.Redirecting(
            before(asked, ContributorPhase.DETACHING, false, Reconciling.IDLE),
            EPOCH,
            X,
            Asked.OPEN));
    states.put(
        "Redirecting, the present one compares",
        new SourceState.Redirecting(
            before(asked, ContributorPhase.LOST, true, Reconciling.ASKED), EPOCH, X, Asked.OPEN));
    states.put(
        "Redirecting, the present one compares, more is owed since",
        new SourceState.Redirecting(
            before(asked, ContributorPhase.LOST, true, Reconciling.OUTDATED),
            EPOCH,
            X,
            Asked.OPEN));
    states.put(
        "Redirecting, another witness is left to ask",
        new SourceState.Redirecting(before(asksTwo), EPOCH, X, Asked.OPEN));
    redirecting(states, ", another witness is left to ask", asksTwo);
    redirecting(states, ", no witness", new Course(S, EPOCH, Set.of(N, O), nobody, 1_000));
    states.put("Parked", parked);
    states.put("Parked, deadline passed", new Parked(course, WHY, NOW_NS - 1));
    Course left = new Course(S, EPOCH, Set.of(), nobody, 1_000);
    Course leftAsked = new Course(S, EPOCH, Set.of(), asking, 1_000);
    Map<String, Course> others = new LinkedHashMap<>();
    others.put("a witness was asked", asked);
    others.put("no holder", left);
    others.put("no holder, a witness was asked", leftAsked);
    others.forEach(
        (name, one) -> {
          states.put("Parked, " + name, new Parked(one, WHY, NOW_NS + 1));
          states.put("Parked, deadline passed, " + name, new Parked(one, WHY, NOW_NS - 1));
        });
    states.put("SwitchingOver, prepare", switching(asked, SwitchoverStep.PREPARE, 0, false));
    states.put(
        "SwitchingOver, prepare after three repairs",
        switching(asked, SwitchoverStep.PREPARE, 3, false));
    for (SwitchoverStep step : SwitchoverStep.values()) {
      states.put(
          "SwitchingOver, "
              + step.name().toLowerCase(Locale.ROOT)
              + ", another witness is left to ask",
          switching(asksTwo, step, 0, false));
    }
    states.put("SwitchingOver, repair", switching(asked, SwitchoverStep.REPAIR, 1, false));
    states.put("SwitchingOver, seal", switching(asked, SwitchoverStep.SEAL, 0, false));
    states.put(
        "SwitchingOver, seal, destination lost", switching(asked, SwitchoverStep.SEAL, 0, true));
    states.put("Committing", new SourceState.Committing(asked, grant, false, NOW_NS - 1));
    states.put("Committing for 3 s", new SourceState.Committing(asked, grant, false, 0));
    states.put(
        "InDoubt, first phase",
        new SourceState.InDoubt(asked, grant, WHY, promised(proposer), 1, NOW_NS - 1, false));
    states.put(
        "InDoubt, first phase, Commit under way",
        new SourceState.InDoubt(asked, grant, WHY, promised(proposer), 1, NOW_NS - 1, true));
    states.put(
        "InDoubt, second phase",
        new SourceState.InDoubt(asked, grant, WHY, voting(proposer), 1, NOW_NS - 1, true));
    states.put(
        "InDoubt, second phase for the destination",
        new SourceState.InDoubt(
            asked, grant, WHY, votingForDestination(proposer), 1, NOW_NS - 1, true));
    states.put(
        "InDoubt, before its own promise",
        new SourceState.InDoubt(asked, grant, WHY, proposer, 1, NOW_NS - 1, false));
    states.put(
        "InDoubt, second phase for the destination, nobody is asked",
        new SourceState.InDoubt(
            asked, grant, WHY, votingForDestination(proposer), 1, NOW_NS - 1, false));
    states.put("Committed", new SourceState.Committed(asked, grant, NOW_NS - 1, false));
    states.put("Committed, asking", new SourceState.Committed(asked, grant, NOW_NS - 1, true));
    states.put("Ended", new SourceState.Ended(asked, new Result.Completed(N)));
    return states;
  }

  private static Transferring transferring(
      Course course, ContributorPhase phase, boolean started, boolean settled) {
    return new Transferring(course, EPOCH, N, Map.of(O, phase), started, settled, Reconciling.IDLE);
  }

  private static Transferring transferring(
      Course course, ContributorPhase one, ContributorPhase other, boolean started) {
    return new Transferring(
        course, EPOCH, N, Map.of(O, one, X, other), started, false, Reconciling.IDLE);
  }

  private static void redirecting(Map<String, SourceState> states, String witness, Course course) {
    states.put(
        "Redirecting to one that relays" + witness,
        redirecting(course, ContributorPhase.RELAYING, ContributorPhase.RELAYING, true));
    states.put(
        "Redirecting, two detach" + witness,
        redirecting(course, ContributorPhase.DETACHING, ContributorPhase.DETACHING, false));
    states.put(
        "Redirecting, all are detached" + witness,
        redirecting(course, ContributorPhase.RELAYING, ContributorPhase.LOST, false));
    states.put(
        "Redirecting to one that detaches" + witness,
        redirecting(course, ContributorPhase.RELAYING, ContributorPhase.DETACHING, false));
    states.put(
        "Redirecting to the last that detaches" + witness,
        redirecting(course, ContributorPhase.LOST, ContributorPhase.DETACHING, false));
    states.put(
        "Redirecting, the present one is settled" + witness,
        new SourceState.Redirecting(
            new Transferring(
                course,
                EPOCH - 1,
                N,
                Map.of(O, ContributorPhase.DRAINED),
                true,
                true,
                Reconciling.IDLE),
            EPOCH,
            X,
            Asked.OPEN));
    states.put(
        "Redirecting, the present one is to be compared" + witness,
        redirecting(course, ContributorPhase.DRAINED, ContributorPhase.LOST, true));
  }

  private static SourceState redirecting(
      Course course, ContributorPhase one, ContributorPhase other, boolean started) {
    Transferring before =
        new Transferring(
            course, EPOCH - 1, N, Map.of(O, one, X, other), started, false, Reconciling.IDLE);
    return new SourceState.Redirecting(before, EPOCH, X, Asked.OPEN);
  }

  /** In Redirecting, the epoch in force is that of the new destination. */
  private static Transferring before(Course course) {
    return before(course, ContributorPhase.RELAYING, true, Reconciling.IDLE);
  }

  private static Transferring before(
      Course course, ContributorPhase phase, boolean started, Reconciling reconciling) {
    return new Transferring(course, EPOCH - 1, N, Map.of(O, phase), started, false, reconciling);
  }

  private static SwitchingOver switching(
      Course course, SwitchoverStep step, int repairs, boolean lost) {
    return new SwitchingOver(
        course, EPOCH, N, step, repairs, DIGEST, lost ? Optional.of(WHY) : Optional.empty());
  }

  private static Proposer promised(Proposer proposer) {
    return proposer.answered(S, new Answer.Promised(1, Optional.empty()));
  }

  private static Proposer voting(Proposer proposer) {
    return promised(proposer)
        .answered(W, new Answer.Promised(1, Optional.empty()))
        .answered(S, new Answer.Accepted(1));
  }

  private static Proposer votingForDestination(Proposer proposer) {
    return promised(proposer)
        .answered(W, new Answer.Promised(1, Optional.of(Vote.GRANTED)))
        .answered(S, new Answer.Accepted(1));
  }

  static Map<String, SourceInput> sourceInputs() {
    Map<String, SourceInput> inputs = new LinkedHashMap<>();
    inputs.put("RedirectAsked to X", new SourceInput.RedirectAsked(X));
    inputs.put("RedirectAsked to another", new SourceInput.RedirectAsked(new PeerId("Y")));
    inputs.put("RedirectAsked to N", new SourceInput.RedirectAsked(N));
    inputs.put("RedirectAsked to S", new SourceInput.RedirectAsked(S));
    inputs.put("CancelAsked", new SourceInput.CancelAsked());
    inputs.put("ResolveAsked for the source", new SourceInput.ResolveAsked(Choice.SOURCE));
    inputs.put(
        "ResolveAsked for the destination", new SourceInput.ResolveAsked(Choice.DESTINATION));
    inputs.put("GuestFailed", new SourceInput.GuestFailed(WHY));
    inputs.put("GuestLost", new SourceInput.GuestLost());
    inputs.put("Tick", new SourceInput.Tick());
    for (long epoch : List.of(EPOCH, EPOCH - 1)) {
      String of = epoch == EPOCH ? "" : " of the epoch before";
      inputs.put("OpenAccepted" + of, new SourceInput.OpenAccepted(epoch));
      inputs.put("MetadataAccepted" + of, new SourceInput.MetadataAccepted(epoch));
      inputs.put("OpenRefused" + of, new SourceInput.OpenRefused(epoch, WHY));
      inputs.put("Detached by O" + of, new SourceInput.Detached(epoch, O));
      inputs.put("ContributorDrained, O" + of, new SourceInput.ContributorDrained(epoch, O));
      inputs.put("ContributorLost, O" + of, new SourceInput.ContributorLost(epoch, O, WHY));
      inputs.put("Reconciled" + of, new SourceInput.Reconciled(epoch));
      inputs.put("DestinationLost" + of, new SourceInput.DestinationLost(epoch, WHY));
      inputs.put("GuestStopped" + of, new SourceInput.GuestStopped(epoch));
      inputs.put("Prepared" + of, new SourceInput.Prepared(epoch, DIGEST));
      inputs.put("Incomplete" + of, new SourceInput.Incomplete(epoch));
      inputs.put("Repaired" + of, new SourceInput.Repaired(epoch));
      inputs.put("PrepareFailed" + of, new SourceInput.PrepareFailed(epoch, WHY));
      inputs.put("GuestSealed" + of, new SourceInput.GuestSealed(epoch));
      inputs.put("SealFailed" + of, new SourceInput.SealFailed(epoch, WHY));
      inputs.put("Running" + of, new SourceInput.Running(epoch));
      inputs.put("CommitRefused" + of, new SourceInput.CommitRefused(epoch, WHY));
      inputs.put("CommitLost" + of, new SourceInput.CommitLost(epoch, WHY));
      inputs.put("WitnessAppointed, W" + of, new SourceInput.WitnessAppointed(epoch, W));
      inputs.put("WitnessRefused, W" + of, new SourceInput.WitnessRefused(epoch, W, WHY));
      inputs.put(
          "Answered by S: promised, nothing accepted" + of,
          new SourceInput.Answered(epoch, S, new Answer.Promised(1, Optional.empty())));
      inputs.put(
          "Answered by S: promised, destination accepted" + of,
          new SourceInput.Answered(epoch, S, new Answer.Promised(1, Optional.of(Vote.GRANTED))));
      inputs.put(
          "Answered by S: accepted" + of,
          new SourceInput.Answered(epoch, S, new Answer.Accepted(1)));
      inputs.put(
          "Answered by W: promised, nothing accepted" + of,
          new SourceInput.Answered(epoch, W, new Answer.Promised(1, Optional.empty())));
      inputs.put(
          "Answered by W: promised, destination accepted" + of,
          new SourceInput.Answered(epoch, W, new Answer.Promised(1, Optional.of(Vote.GRANTED))));
      inputs.put(
          "Answered by W: accepted" + of,
          new SourceInput.Answered(epoch, W, new Answer.Accepted(1)));
      inputs.put(
          "Answered by W: refused" + of,
          new SourceInput.Answered(epoch, W, new Answer.Refused(1, 2)));
    }
    return inputs;
  }

  static Map<String, HolderState> holderStates() {
    Proposer granted = Proposer.granted(VOTERS);
    Map<String, HolderState> states = new LinkedHashMap<>();
    states.put("Opened", new HolderState.Opened(EPOCH, S, List.of(O), false));
    states.put("Opened, setting up", new HolderState.Opened(EPOCH, S, List.of(O), true));
    states.put("Receiving", new HolderState.Receiving(EPOCH, S, List.of(O)));
    states.put("Preparing", new HolderState.Preparing(EPOCH, S, List.of(O), DIGEST, false));
    states.put(
        "Preparing, verified", new HolderState.Preparing(EPOCH, S, List.of(O), DIGEST, true));
    states.put("Prepared", new HolderState.Prepared(EPOCH, DIGEST));
    states.put("Deciding", new HolderState.Deciding(EPOCH, DIGEST, granted, true, 0));
    states.put(
        "Deciding, outbid",
        new HolderState.Deciding(
            EPOCH, DIGEST, granted.answered(W, new Answer.Refused(0, 1)), true, 2));
    states.put(
        "Deciding, second phase for the source",
        new HolderState.Deciding(EPOCH, DIGEST, votingForS(granted), true, 3));
    Proposer second = granted.answered(W, new Answer.Refused(0, 1)).next();
    states.put(
        "Deciding, ballot 2, before its own promise",
        new HolderState.Deciding(EPOCH, DIGEST, second, true, 3));
    states.put(
        "Deciding, ballot 2, promised itself",
        new HolderState.Deciding(
            EPOCH,
            DIGEST,
            second.answered(N, new Answer.Promised(2, Optional.of(Vote.GRANTED))),
            true,
            3));
    states.put("Deciding, restarted", new HolderState.Deciding(EPOCH, DIGEST, granted, false, 0));
    states.put("Owned, being resumed", new HolderState.Owned(EPOCH, DIGEST, Resumption.UNDER_WAY));
    states.put("Owned, not resumed", new HolderState.Owned(EPOCH, DIGEST, Resumption.FAILED));
    states.put("Owned, running", new HolderState.Owned(EPOCH, DIGEST, Resumption.DONE));
    states.put("Detached", new HolderState.Detached(EPOCH, X));
    states.put("Relaying", new HolderState.Relaying(EPOCH, X));
    states.put("Drained", new HolderState.Drained(EPOCH, X));
    states.put("RelayFailed", new HolderState.RelayFailed(EPOCH, X, WHY));
    states.put(
        "Forgotten",
        new HolderState.Forgotten(EPOCH, new Failure(Reason.ATTEMPT_DISCARDED, "given up")));
    for (Reason why :
        List.of(
            Reason.GUEST_INCOMPATIBLE,
            Reason.GUEST_UNSUPPORTED,
            Reason.GUEST_FAILED,
            Reason.LIMIT_EXCEEDED,
            Reason.INTERNAL)) {
      states.put(
          "Forgotten, " + why, new HolderState.Forgotten(EPOCH, new Failure(why, "given up")));
    }
    return states;
  }

  /** In ballot 2, since the source has outbid ballot 0 and was accepted by the witness. */
  private static Proposer votingForS(Proposer granted) {
    return granted
        .answered(W, new Answer.Refused(0, 1))
        .next()
        .answered(N, new Answer.Promised(2, Optional.of(Vote.GRANTED)))
        .answered(W, new Answer.Promised(2, Optional.of(new Vote(1, Choice.SOURCE))))
        .answered(N, new Answer.Accepted(2));
  }

  static Map<String, HolderInput> holderInputs() {
    Map<String, HolderInput> inputs = new LinkedHashMap<>();
    inputs.put("ResolveAsked for the source", new HolderInput.ResolveAsked(Choice.SOURCE));
    inputs.put(
        "ResolveAsked for the destination", new HolderInput.ResolveAsked(Choice.DESTINATION));
    inputs.put("AskAgain", new HolderInput.AskAgain());
    inputs.put("LeaseEnded", new HolderInput.LeaseEnded());
    inputs.put("Stopping", new HolderInput.Stopping());
    inputs.put(
        "CommitArrived, another digest", new HolderInput.CommitArrived(EPOCH, DIGEST + 1, VOTERS));
    inputs.put("TransferAsked by O", new HolderInput.TransferAsked(EPOCH, O));
    inputs.put("TransferAsked by X", new HolderInput.TransferAsked(EPOCH, X));
    inputs.put("ResumeFailed, never ran", new HolderInput.ResumeFailed(EPOCH, WHY, true));
    inputs.put(
        "Answered by W: accepted in ballot 2",
        new HolderInput.Answered(EPOCH, W, new Answer.Accepted(2)));
    inputs.put(
        "Answered by N: promised in ballot 2",
        new HolderInput.Answered(EPOCH, N, new Answer.Promised(2, Optional.of(Vote.GRANTED))));
    inputs.put(
        "Answered by N: accepted in ballot 2",
        new HolderInput.Answered(EPOCH, N, new Answer.Accepted(2)));
    inputs.put(
        "Answered by W: promised in ballot 2",
        new HolderInput.Answered(EPOCH, W, new Answer.Promised(2, Optional.empty())));
    inputs.put("Verified, unequal", new HolderInput.Verified(EPOCH, false));
    for (long epoch : List.of(EPOCH, EPOCH - 1, EPOCH + 1)) {
      String of =
          epoch == EPOCH ? "" : epoch < EPOCH ? " of the epoch before" : " of a higher epoch";
      inputs.put("OpenAsked" + of, new HolderInput.OpenAsked(epoch, S, List.of()));
      inputs.put("MetadataArrived" + of, new HolderInput.MetadataArrived(epoch));
      inputs.put("TransferAsked by S" + of, new HolderInput.TransferAsked(epoch, S));
      inputs.put("InventoryAsked" + of, new HolderInput.InventoryAsked(epoch));
      inputs.put("PrepareArrived" + of, new HolderInput.PrepareArrived(epoch, DIGEST));
      inputs.put("CommitArrived" + of, new HolderInput.CommitArrived(epoch, DIGEST, VOTERS));
      inputs.put("DetachAsked" + of, new HolderInput.DetachAsked(epoch, X));
      inputs.put("RelayAsked" + of, new HolderInput.RelayAsked(epoch));
      inputs.put("SkipAsked" + of, new HolderInput.SkipAsked(epoch));
      inputs.put("ForgetAsked" + of, new HolderInput.ForgetAsked(epoch));
      inputs.put("StatusAsked" + of, new HolderInput.StatusAsked(epoch));
      inputs.put("ShellReady" + of, new HolderInput.ShellReady(epoch));
      inputs.put("ShellFailed" + of, new HolderInput.ShellFailed(epoch, WHY));
      inputs.put("Verified, equal" + of, new HolderInput.Verified(epoch, true));
      inputs.put("Loaded" + of, new HolderInput.Loaded(epoch));
      inputs.put("LoadFailed" + of, new HolderInput.LoadFailed(epoch, WHY));
      inputs.put("Resumed" + of, new HolderInput.Resumed(epoch));
      inputs.put("ResumeFailed" + of, new HolderInput.ResumeFailed(epoch, WHY, false));
      inputs.put("RelayFinished" + of, new HolderInput.RelayFinished(epoch));
      inputs.put("RelayBroke" + of, new HolderInput.RelayBroke(epoch, WHY));
      inputs.put(
          "Answered by W: accepted" + of,
          new HolderInput.Answered(epoch, W, new Answer.Accepted(0)));
      inputs.put(
          "Answered by W: refused" + of,
          new HolderInput.Answered(epoch, W, new Answer.Refused(0, 3)));
    }
    return inputs;
  }

  static Map<String, Acceptor> voterStates() {
    Map<String, Acceptor> states = new LinkedHashMap<>();
    states.put("Undecided", Acceptor.undecided());
    states.put("Promised ballot 3", new Acceptor(3, Optional.empty()));
    for (Choice choice : Choice.values()) {
      String named = choice.name().toLowerCase(Locale.ROOT);
      states.put(
          "Accepted the " + named + " in ballot 3",
          new Acceptor(3, Optional.of(new Vote(3, choice))));
      states.put("Ended, the " + named + " owns the guest", Acceptor.ended(choice));
    }
    return states;
  }

  static Map<String, Question> voterQuestions() {
    Map<String, Question> questions = new LinkedHashMap<>();
    for (long ballot : List.of(2L, 3L, 4L)) {
      questions.put("Promise of ballot " + ballot, new Question.Promise(ballot));
      for (Choice choice : Choice.values()) {
        questions.put(
            "Accept the %s in ballot %d".formatted(choice.name().toLowerCase(Locale.ROOT), ballot),
            new Question.Accept(new Vote(ballot, choice)));
      }
    }
    return questions;
  }

  /** The ways into a source's states, with the step. */
  static Map<String, SourceStep> sourceBeginnings() {
    Map<String, SourceStep> steps = new LinkedHashMap<>();
    steps.put("MigrateAsked", SourceMachine.start(S, N, Optional.empty(), NOW_NS));
    steps.put(
        "MigrateAsked, a witness is named", SourceMachine.start(S, N, Optional.of(W), NOW_NS));
    SourceRecord attempt = new SourceRecord.AttemptOpened(5, N, List.of(O));
    SourceRecord asked = new SourceRecord.WitnessAsked(5, W);
    SourceRecord granted = new SourceRecord.Granted(5, N, 7, Optional.of(W));
    SourceRecord alone = new SourceRecord.Granted(5, N, 7, Optional.empty());
    Failure gone = new Failure(Reason.PEER_UNREACHABLE, "gone");
    SourceRecord ended = new SourceRecord.Ended(new SourceState.Result.Failed(gone));
    steps.put("Recovered, without a grant", recovered(attempt));
    steps.put("Recovered, without a grant, a witness was asked", recovered(attempt, asked));
    steps.put("Recovered, granted without a witness", recovered(attempt, alone));
    steps.put("Recovered, granted", recovered(attempt, asked, granted));
    for (Choice choice : Choice.values()) {
      SourceRecord decided = new SourceRecord.Decided(5, choice);
      String named = choice.name().toLowerCase(Locale.ROOT);
      steps.put(
          "Recovered, granted without a witness, decided: " + named,
          recovered(attempt, alone, decided));
      steps.put("Recovered, decided: " + named, recovered(attempt, asked, granted, decided));
    }
    steps.put("Recovered, ended", recovered(attempt, ended));
    return steps;
  }

  private static SourceStep recovered(SourceRecord... journal) {
    return SourceMachine.recover(S, List.of(journal), false, NOW_NS);
  }

  /** The ways into a holder's states, with the step. */
  static Map<String, HolderStep> holderBeginnings() {
    Map<String, HolderStep> steps = new LinkedHashMap<>();
    steps.put("OpenAsked", HolderMachine.open(new HolderInput.OpenAsked(5, S, List.of())));
    List<HolderRecord> records =
        List.of(
            new HolderRecord.OpenedAs(5, S),
            new HolderRecord.PreparedWith(5, 7),
            new HolderRecord.GrantedWith(5, 7, VOTERS),
            new HolderRecord.OwnedWith(5, 7),
            new HolderRecord.GuestLeft(5, 7),
            new HolderRecord.Retired(5, N),
            new HolderRecord.Forgot(5));
    for (HolderRecord last : records) {
      steps.put(
          "Recovered, last " + last.getClass().getSimpleName(),
          HolderMachine.recover(List.of(last)));
    }
    return steps;
  }

  /** The ways into a seat. */
  static Map<String, Acceptor> voterBeginnings() {
    Map<String, Acceptor> seats = new LinkedHashMap<>();
    seats.put("Seated, source", Acceptor.undecided());
    seats.put("Seated, destination", new Acceptor(0, Optional.of(new Vote(0, Choice.DESTINATION))));
    seats.put("Appointed", Acceptor.undecided());
    voterStates().forEach((name, seat) -> seats.put("Recovered, " + name, seat));
    return seats;
  }
}

package org.dcmigrate.conformance.mutants;

import com.google.protobuf.Message;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import java.util.List;
import java.util.Optional;
import org.dcmigrate.conformance.mutants.FaultyPeer.Call;
import org.dcmigrate.conformance.mutants.FaultyPeer.Early;
import org.dcmigrate.conformance.mutants.FaultyPeer.Fault;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.v1.AbortRequest;
import org.dcmigrate.v1.AbortResponse;
import org.dcmigrate.v1.AcceptRequest;
import org.dcmigrate.v1.AcceptResponse;
import org.dcmigrate.v1.GetContributorStatusResponse;
import org.dcmigrate.v1.GetGuestResponse;
import org.dcmigrate.v1.GetInventoryResponse;
import org.dcmigrate.v1.GuestState;
import org.dcmigrate.v1.PromiseResponse;
import org.dcmigrate.v1.SwitchoverRequest;
import org.dcmigrate.v1.SwitchoverResponse;

/**
 * Peers that take the wrong thing up after a restart, as it looks from outside. Their cases need an
 * adapter that can kill the peer.
 */
final class RestartMutants {
  private RestartMutants() {}

  static List<Mutant> all() {
    return List.of(
        new Mutant(
            "goes on with an attempt whose pages it has lost",
            "DCM-REC-005",
            "restart/destination/gives-up",
            "MIGRATION_UNKNOWN",
            SourceFaults.instead(
                "GetInventory",
                Reason.MIGRATION_UNKNOWN,
                GetInventoryResponse.getDefaultInstance())),
        new Mutant(
            "forgets which epochs it has seen",
            "DCM-DSK-003",
            "restart/contributor/gives-up",
            "ALREADY_OPEN",
            Faults.accepting("Open", "ALREADY_OPEN")),
        new Mutant(
            "goes on relaying what it has lost",
            "DCM-REC-005",
            "restart/contributor/gives-up",
            "MIGRATION_UNKNOWN",
            SourceFaults.instead(
                "GetContributorStatus",
                Reason.MIGRATION_UNKNOWN,
                GetContributorStatusResponse.getDefaultInstance())),
        new Mutant(
            "resumes a guest that it has lost",
            "DCM-REC-005",
            "restart/destination/granted",
            "Commit after the restart",
            SourceFaults.instead(
                "Switchover",
                Reason.ATTEMPT_DISCARDED,
                SwitchoverResponse.newBuilder()
                    .setRunning(SwitchoverResponse.Running.newBuilder().setResumeNs(1))
                    .build())),
        new Mutant(
            "forgets what it owns",
            "DCM-CAN-005",
            "restart/destination/owned",
            "Commit after the restart",
            disowning()),
        new Mutant(
            "takes a guest up that has left",
            "DCM-REC-006",
            "restart/source/moved-on",
            "GetGuest after the restart",
            guestAlways()),
        new Mutant(
            "forgets its vote",
            "DCM-DEC-003",
            "restart/witness/vote-kept",
            "accepted",
            Faults.response(
                PromiseResponse.class, promise -> promise.toBuilder().clearAccepted().build())),
        new Mutant(
            "forgets its promise",
            "DCM-DEC-003",
            "restart/witness/promise-kept",
            "promised_ballot",
            votingForAll()),
        new Mutant(
            "forgets its migrations",
            "DCM-REC-002",
            "restart/source/ends",
            "Abort after the restart",
            SourceFaults.early(
                AbortRequest.class,
                any -> true,
                SourceFaults.answer(AbortResponse.getDefaultInstance()),
                false)),
        new Mutant(
            "forgets its grant",
            "DCM-SWO-009",
            "restart/source/granted",
            "Commit after the restart",
            committingOnce()),
        new Mutant(
            "sets the guest running after the grant",
            "DCM-SWO-009",
            "restart/source/granted",
            "the guest while Commit is not answered",
            guestAlways()),
        new Mutant(
            "serves to the last",
            "DCM-TRN-007",
            "restart/any/not-serving",
            "status while the target shuts down",
            Faults.response(
                HealthCheckResponse.class,
                health -> health.toBuilder().setStatus(ServingStatus.SERVING).build())));
  }

  private static Fault guestAlways() {
    return SourceFaults.instead(
        "GetGuest",
        Reason.GUEST_UNKNOWN,
        GetGuestResponse.newBuilder()
            .setGuest(org.dcmigrate.v1.Guest.newBuilder().setState(GuestState.GUEST_STATE_RUNNING))
            .build());
  }

  /** Refuses each Commit but the first as one of an attempt that was given up. */
  private static Fault disowning() {
    return new Fault() {
      private int commits;

      @Override
      public synchronized Optional<Early> early(Call call, Message message) {
        boolean commit = message instanceof SwitchoverRequest request && request.hasCommit();
        commits += commit ? 1 : 0;
        return commit && commits > 1
            ? Optional.of(SourceFaults.refuse(Reason.ATTEMPT_DISCARDED))
            : Optional.empty();
      }
    };
  }

  /** Sends no Commit but the first. */
  private static Fault committingOnce() {
    return new Fault() {
      private int commits;

      @Override
      public synchronized Optional<Message> request(Call call, Message message) {
        boolean commit = message instanceof SwitchoverRequest request && request.hasCommit();
        commits += commit ? 1 : 0;
        return commit && commits > 1 ? Optional.empty() : Optional.of(message);
      }
    };
  }

  private static Fault votingForAll() {
    return new Fault() {
      @Override
      public Optional<Message> response(Call call, Message message) {
        return Optional.of(
            message instanceof AcceptResponse accept
                ? accept.toBuilder()
                    .setPromisedBallot(((AcceptRequest) call.first()).getVote().getBallot())
                    .build()
                : message);
      }
    };
  }
}

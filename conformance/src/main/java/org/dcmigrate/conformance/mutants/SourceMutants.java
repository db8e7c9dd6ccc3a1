package org.dcmigrate.conformance.mutants;

import com.google.protobuf.Message;
import java.util.ArrayList;
import java.util.List;
import org.dcmigrate.conformance.mutants.FaultyPeer.Fault;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.v1.AbortRequest;
import org.dcmigrate.v1.AppointRequest;
import org.dcmigrate.v1.AppointResponse;
import org.dcmigrate.v1.CancelMigrationRequest;
import org.dcmigrate.v1.CancelMigrationResponse;
import org.dcmigrate.v1.ContributorState;
import org.dcmigrate.v1.DetachRequest;
import org.dcmigrate.v1.DetachResponse;
import org.dcmigrate.v1.GenerationExtent;
import org.dcmigrate.v1.GetContributorStatusResponse;
import org.dcmigrate.v1.GetDestinationStatusRequest;
import org.dcmigrate.v1.GetGuestResponse;
import org.dcmigrate.v1.GetInventoryResponse;
import org.dcmigrate.v1.GetMigrationResponse;
import org.dcmigrate.v1.InventoryBatch;
import org.dcmigrate.v1.MigrationState;
import org.dcmigrate.v1.OpenRequest;
import org.dcmigrate.v1.OpenResponse;
import org.dcmigrate.v1.PromiseRequest;
import org.dcmigrate.v1.RedirectRequest;
import org.dcmigrate.v1.RedirectResponse;
import org.dcmigrate.v1.RelayRequest;
import org.dcmigrate.v1.SkipRequest;
import org.dcmigrate.v1.SkipResponse;
import org.dcmigrate.v1.SwitchoverRequest;
import org.dcmigrate.v1.Verdict;

/** The catalogue of sources with one fault each, and the case that finds it. */
final class SourceMutants {
  private static final int REPAIRS = 3;
  private static final long SOME_PAGE = 1100;
  // As the cases make them up.
  private static final int MADE_UP = 1_000_000;

  private final List<Mutant> all = new ArrayList<>();

  private SourceMutants() {}

  /** All mutants there are. */
  static List<Mutant> all() {
    SourceMutants mutants = new SourceMutants();
    mutants.plain();
    mutants.turning();
    mutants.refusing();
    mutants.planning();
    mutants.losing();
    return mutants.all;
  }

  private void add(String name, String clause, String killer, String says, Fault fault) {
    all.add(new Mutant(name, clause, killer, says, fault));
  }

  private void plain() {
    add(
        "keeps its copy of the guest",
        "DCM-SWO-012",
        "plain/source/copy-ended",
        "end of the copy at the source",
        SourceFaults.instead(
            "GetGuest", Reason.GUEST_UNKNOWN, GetGuestResponse.getDefaultInstance()));
    add(
        "leaves pages out",
        "DCM-OPN-005",
        "plain/source/all-sent",
        "pages that never came",
        SourceFaults.leavingOut(SOME_PAGE));
    Fault oneGeneration = Faults.chunk(chunk -> chunk.toBuilder().setGeneration(1).build());
    add(
        "gives every emission one generation",
        "DCM-GEN-001",
        "generations/source/rising",
        "generations of emissions",
        oneGeneration);
    add(
        "gives other contents the same generation",
        "DCM-GEN-002",
        "generations/source/one-content",
        "contents of generations",
        oneGeneration);
    add(
        "takes any version",
        "DCM-VER-008",
        "version/source/not-offered",
        "state of the migration",
        SourceFaults.told(OpenResponse.class, open -> open.toBuilder().setVersion(1).build()));
    add(
        "prepares before chunks are acknowledged",
        "DCM-SWO-001",
        "prepare/source/all-acknowledged",
        "Prepare before all chunks",
        SourceFaults.acknowledging());
    add(
        "commits after three repairs",
        "DCM-SWO-007",
        "prepare/source/three-repairs",
        "state of the migration",
        SourceFaults.preparedAfter(REPAIRS));
    add(
        "takes no peer that can do more than it knows",
        "DCM-CNF-002",
        "capabilities/source/unknown",
        "state of the migration",
        SourceFaults.refusingWhoSays("invalid.conformance.of-the-future"));
    add(
        "leaves the guest standing still",
        "DCM-CAN-001",
        "cancel/source/runs-on",
        "state of the guest",
        SourceFaults.stopsGuestAt(CancelMigrationRequest.class));
    add(
        "aborts the first epoch only",
        "DCM-CAN-002",
        "cancel/source/all-told",
        "epoch in Abort",
        Faults.request(
            AbortRequest.class,
            abort ->
                abort.toBuilder().setAttempt(abort.getAttempt().toBuilder().setEpoch(1)).build()));
    add(
        "names a lease that it does not keep",
        "DCM-LSE-001",
        "lease/source/renewed",
        "time between two",
        Faults.request(OpenRequest.class, open -> open.toBuilder().setLeaseMs(1).build()));
  }

  private void turning() {
    add(
        "takes no new epoch",
        "DCM-RDR-001",
        "redirect/source/higher-epoch",
        "epoch in Open",
        SourceFaults.sameEpoch());
    Fault announcesNobody =
        Faults.request(OpenRequest.class, open -> open.toBuilder().clearContributors().build());
    add(
        "announces nobody",
        "DCM-RDR-002",
        "redirect/source/holders-announced",
        "contributors in Open",
        announcesNobody);
    add(
        "forgets who was lost",
        "DCM-LOS-003",
        "loss/source/record-kept",
        "contributors in Open",
        announcesNobody);
    add(
        "sends nothing while it asks",
        "DCM-RDR-003",
        "redirect/source/pages-go-on",
        "all pages at the old destination",
        SourceFaults.stoppingAtRedirect());
    add(
        "switches over while it asks",
        "DCM-RDR-004",
        "redirect/source/no-switchover",
        "Prepare at the old destination",
        SourceFaults.early(
            OpenRequest.class,
            open -> open.getAttempt().getEpoch() > 1,
            SourceFaults.refuse(Reason.LIMIT_EXCEEDED),
            true));
    add(
        "detaches while it still sends",
        "DCM-RDR-005",
        "redirect/source/stopped-before-detach",
        "end of the transfer",
        SourceFaults.keepingTransfers());
    add(
        "detaches nobody",
        "DCM-RDR-006",
        "redirect/source/detached-before-plan",
        "answer to Detach",
        SourceFaults.early(
            DetachRequest.class,
            any -> true,
            SourceFaults.answer(DetachResponse.getDefaultInstance()),
            false));
    add(
        "answers Redirect at once",
        "DCM-RDR-007",
        "redirect/source/answered-late",
        "answer to Redirect",
        SourceFaults.early(
            RedirectRequest.class,
            any -> true,
            SourceFaults.answer(RedirectResponse.getDefaultInstance()),
            true));
    add(
        "leaves the guest stopped for a redirect",
        "DCM-RDR-008",
        "redirect/source/guest-runs",
        "state of the guest",
        SourceFaults.stopsGuestAt(RedirectRequest.class));
    add(
        "leaves the guest stopped for a redirect that comes while it stops",
        "DCM-RDR-008",
        "redirect/source/while-stopping",
        "state of the guest",
        SourceFaults.stopsGuestAt(RedirectRequest.class));
    add(
        "leaves the guest stopped for a redirect whose last pages are not acknowledged",
        "DCM-RDR-008",
        "redirect/source/unacknowledged",
        "state of the guest",
        SourceFaults.stopsGuestAt(RedirectRequest.class));
    add(
        "asks the guest again for its metadata",
        "DCM-MTA-001",
        "redirect/source/same-metadata",
        "records of metadata",
        SourceFaults.otherMetadata());
  }

  private void refusing() {
    Message redirected = RedirectResponse.getDefaultInstance();
    add(
        "takes a second Redirect",
        "DCM-RDR-009",
        "redirect/source/second-refused",
        "STATE_CONFLICT",
        SourceFaults.instead("Redirect", Reason.STATE_CONFLICT, redirected));
    Fault late = SourceFaults.instead("Redirect", Reason.TOO_LATE, redirected);
    add("takes a late Redirect", "DCM-RDR-010", "redirect/source/too-late", "TOO_LATE", late);
    add("redirects a grant", "DCM-DEC-010", "redirect/source/too-late", "TOO_LATE", late);
    add(
        "takes a late Cancel",
        "DCM-CAN-003",
        "cancel/source/too-late",
        "TOO_LATE",
        SourceFaults.instead(
            "CancelMigration", Reason.TOO_LATE, CancelMigrationResponse.getDefaultInstance()));
    Fault failedEpoch =
        Faults.request(
            SwitchoverRequest.class,
            request -> {
              SwitchoverRequest.Builder changed = request.toBuilder();
              if (request.hasPrepare()) {
                changed.getPrepareBuilder().getAttemptBuilder().setEpoch(2);
              }
              return changed.build();
            });
    add(
        "goes on in the epoch that failed",
        "DCM-RDR-014",
        "redirect/source/goes-on-after-refusal",
        "state of the migration",
        failedEpoch);
    add(
        "goes on in the epoch of a peer that is gone",
        "DCM-RDR-014",
        "redirect/source/dead-peer",
        "state of the migration",
        failedEpoch);
    add(
        "aborts another epoch than it asked for",
        "DCM-RDR-015",
        "redirect/source/refusing-peer-aborted",
        "epoch in Abort",
        Faults.request(
            AbortRequest.class,
            abort ->
                abort.toBuilder().setAttempt(abort.getAttempt().toBuilder().setEpoch(1)).build()));
    add(
        "waits for a contributor that it asked in vain",
        "DCM-RDR-016",
        "redirect/source/refusing-contributor-lost",
        "pages owed by the lost contributor",
        SourceFaults.believingAllHeld());
    add(
        "redirects to the current destination",
        "DCM-STA-002",
        "redirect/source/to-itself",
        "DESTINATION_IS_CURRENT",
        SourceFaults.instead("Redirect", Reason.DESTINATION_IS_CURRENT, redirected));
  }

  private void planning() {
    add(
        "passes over what is held at the new destination",
        "DCM-RDR-013",
        "redirect/source/back",
        "pages sent again",
        SourceFaults.ignoringInventory());
    add(
        "sends again what is held at the new destination",
        "DCM-PLN-001",
        "redirect/source/back",
        "pages sent again",
        SourceFaults.ignoringInventory());
    add(
        "has contributors relay less than they hold",
        "DCM-PLN-002",
        "plan/source/owed-by-contributor",
        "pages of the contributor that nobody owes",
        Faults.request(
            RelayRequest.class,
            relay ->
                relay.getPages().getExtentsCount() > 0
                    ? relay.toBuilder()
                        .setPages(relay.getPages().toBuilder().removeExtents(0))
                        .build()
                    : relay));
    add(
        "sends less than nobody else holds",
        "DCM-PLN-003",
        "plan/source/rest-by-source",
        "pages that nobody sent",
        SourceFaults.leavingOut(SOME_PAGE));
    add(
        "does not wait for contributors",
        "DCM-PLN-005",
        "plan/source/drained-and-compared",
        "Prepare before the contributor is drained",
        SourceFaults.told(
            GetContributorStatusResponse.class,
            status ->
                status.toBuilder().setState(ContributorState.CONTRIBUTOR_STATE_DRAINED).build()));
    add(
        "leaves out what the inventory lacks",
        "DCM-PLN-006",
        "plan/source/lacking-sent",
        "pages that the destination lacks",
        SourceFaults.believingAllHeld());
    add(
        "does not say what need not be relayed",
        "DCM-PLN-004",
        "plan/source/skipped",
        "Skip of pages",
        SourceFaults.early(
            SkipRequest.class,
            any -> true,
            SourceFaults.answer(SkipResponse.getDefaultInstance()),
            false));
    add(
        "uses a contributor that makes pages up",
        "DCM-PLN-008",
        "plan/source/made-up-inventory",
        "Relay to the contributor",
        SourceFaults.told(DetachResponse.class, SourceMutants::believed));
    add(
        "leaves made-up pages where they are",
        "DCM-PLN-009",
        "plan/source/made-up-page",
        "under a higher generation",
        SourceFaults.told(GetInventoryResponse.class, SourceMutants::believed));
    add(
        "tells contributors no share",
        "DCM-LIM-001",
        "rates/source/share-told",
        "share in Relay",
        Faults.request(
            RelayRequest.class,
            relay ->
                relay.hasHeader()
                    ? relay.toBuilder()
                        .setHeader(relay.getHeader().toBuilder().clearShare())
                        .build()
                    : relay));
  }

  private void losing() {
    add(
        "leaves out what a lost contributor owed",
        "DCM-LOS-001",
        "loss/source/contributor",
        "pages that the destination lacks",
        SourceFaults.believingAllHeld());
    add(
        "fails when the destination is lost",
        "DCM-LOS-002",
        "loss/source/destination",
        "state of the migration",
        state(MigrationState.MIGRATION_STATE_PARKED, MigrationState.MIGRATION_STATE_FAILED));
    add(
        "takes no refusal of a status for a loss",
        "DCM-LSE-005",
        "loss/source/told",
        "state of the migration",
        SourceFaults.instead(
            "GetDestinationStatus", Reason.MIGRATION_UNKNOWN, SourceFaults.receiving()));
    add(
        "waits for a silent destination without end",
        "DCM-LSE-006",
        "loss/source/silent",
        "state of the migration",
        SourceFaults.early(
            GetDestinationStatusRequest.class,
            any -> true,
            SourceFaults.answer(SourceFaults.receiving()),
            true));
    add(
        "takes the guest back on any refusal",
        "DCM-SWO-013",
        "decision/source/stands-still",
        "state of the migration",
        SourceFaults.early(
            SwitchoverRequest.class,
            SwitchoverRequest::hasCommit,
            SourceFaults.refuse(Reason.ATTEMPT_DISCARDED),
            false));
    add(
        "has voted for its own grant",
        "DCM-DEC-002",
        "decision/source/own-vote-free",
        "state of the migration",
        SourceFaults.early(
            PromiseRequest.class,
            any -> true,
            SourceFaults.refuse(Reason.PEER_NOT_SERVING),
            false));
    add(
        "names a witness that has not agreed",
        "DCM-DEC-005",
        "decision/source/witness-agreed",
        "Appoint of epoch 1",
        SourceFaults.early(
            AppointRequest.class,
            any -> true,
            SourceFaults.answer(AppointResponse.getDefaultInstance()),
            false));
    add(
        "does not name the peer that is silent",
        "DCM-FCT-002",
        "forecast/source/stalled",
        "stalled_peer",
        SourceFaults.told(
            GetMigrationResponse.class,
            told -> {
              GetMigrationResponse.Builder changed = told.toBuilder();
              changed
                  .getMigrationBuilder()
                  .getProgressBuilder()
                  .getForecastBuilder()
                  .clearStalledPeer();
              return changed.build();
            }));
    add(
        "is sure that everything converges",
        "DCM-FCT-001",
        "forecast/source/not-converging",
        "verdict NOT_CONVERGING",
        SourceFaults.told(
            GetMigrationResponse.class,
            told -> {
              GetMigrationResponse.Builder changed = told.toBuilder();
              changed
                  .getMigrationBuilder()
                  .getProgressBuilder()
                  .getForecastBuilder()
                  .setVerdict(Verdict.VERDICT_CONVERGING);
              return changed.build();
            }));
  }

  private static DetachResponse believed(DetachResponse detach) {
    return detach.toBuilder().setBatch(believed(detach.getBatch())).build();
  }

  private static GetInventoryResponse believed(GetInventoryResponse inventory) {
    return inventory.toBuilder().setBatch(believed(inventory.getBatch())).build();
  }

  private static InventoryBatch believed(InventoryBatch batch) {
    InventoryBatch.Builder changed = batch.toBuilder();
    for (GenerationExtent.Builder each : changed.getExtentsBuilderList()) {
      if (each.getGeneration() > MADE_UP) {
        each.setGeneration(each.getGeneration() - MADE_UP);
      } else if (each.getGeneration() == MADE_UP) {
        each.setGeneration(1);
      }
    }
    return changed.build();
  }

  private static Fault state(MigrationState right, MigrationState wrong) {
    return SourceFaults.told(
        GetMigrationResponse.class,
        told ->
            told.getMigration().getState() == right
                ? told.toBuilder()
                    .setMigration(told.getMigration().toBuilder().setState(wrong))
                    .build()
                : told);
  }
}

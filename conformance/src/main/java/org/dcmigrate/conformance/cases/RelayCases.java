package org.dcmigrate.conformance.cases;

import static org.dcmigrate.protocol.Reason.CHUNK_TOO_LARGE;
import static org.dcmigrate.protocol.Reason.FIELD_INVALID;
import static org.dcmigrate.protocol.Reason.PAGE_OUT_OF_RANGE;
import static org.dcmigrate.protocol.Reason.STATE_CONFLICT;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Consumer;
import org.dcmigrate.conformance.play.Contribution;
import org.dcmigrate.conformance.play.Conversation;
import org.dcmigrate.conformance.play.Expect;
import org.dcmigrate.conformance.play.RelayTarget;
import org.dcmigrate.conformance.play.TestGuest;
import org.dcmigrate.conformance.play.Trial;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.wire.Errors;
import org.dcmigrate.v1.ContributorServiceGrpc;
import org.dcmigrate.v1.ContributorState;
import org.dcmigrate.v1.GetContributorStatusResponse;
import org.dcmigrate.v1.GetPeerRequest;
import org.dcmigrate.v1.PageChunk;
import org.dcmigrate.v1.PeerServiceGrpc;
import org.dcmigrate.v1.RelayRequest;
import org.dcmigrate.v1.RelayResponse;
import org.dcmigrate.v1.SkipResponse;
import org.dcmigrate.v1.TransferShare;

/** Relay: the target sends what it holds to the new destination, which is the tester. */
public final class RelayCases {
  private static final TransferShare NO_LIMIT = TransferShare.getDefaultInstance();
  private static final long ALL = TestGuest.FEWEST_PAGES;

  /** What DCM-LIM-002 lets a relay hand over at once: the allowance and the burst. */
  private static final long MOST_AT_ONCE = (256L << 10) + (1L << 20) + 4096;

  private static final int LOOKS = 40;
  private static final int UNKNOWN_PRIORITY = 77;
  private static final int MOST_FAILURE = 1024;

  private RelayCases() {}

  /** All of them. */
  public static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    add(
        cases,
        "pages",
        "pages named and held come at their generations, ascending, uncompressed where that is"
            + " not taken",
        "DCM-GEN-003 DCM-CTR-005 DCM-XFR-001 DCM-XFR-004 DCM-XFR-014 DCM-TRN-005",
        RelayCases::pages);
    add(
        cases,
        "own-configuration",
        "the relay goes to the endpoint configured for the new destination, under the"
            + " contributor's own identity",
        "DCM-CTR-006 DCM-XFR-003",
        RelayCases::ownConfiguration);
    add(
        cases,
        "first-destination",
        "the relay goes to the destination that the first Detach of the epoch named",
        "DCM-STA-002 DCM-CTR-006",
        RelayCases::firstDestination);
    add(
        cases,
        "begins-at-half-close",
        "a relay list that is broken off begins nothing",
        "DCM-CTR-004",
        RelayCases::beginsAtHalfClose);
    add(
        cases,
        "drained-late",
        "DRAINED is not told before all is acknowledged",
        "DCM-CTR-007",
        RelayCases::drainedLate);
    add(
        cases,
        "broken-off",
        "a relay that the new destination ends has FAILED, is not tried again, and the pages"
            + " are kept",
        "DCM-CTR-008 DCM-CTR-001 DCM-ERR-007",
        trial ->
            broken(
                trial,
                contribution ->
                    contribution
                        .received()
                        .refuseAfter(
                            2,
                            Errors.toStatus(
                                new DcmException(Reason.CHECKSUM_MISMATCH, "spoilt")))));
    add(
        cases,
        "unavailable",
        "a relay that breaks without a reason has FAILED; the transport does not try again",
        "DCM-CTR-008 DCM-TRN-006 DCM-ERR-007 DCM-ERR-004",
        trial ->
            broken(
                trial,
                contribution ->
                    contribution
                        .received()
                        .refuseAfter(0, new StatusRuntimeException(Status.UNAVAILABLE))));
    add(
        cases,
        "acknowledged-too-much",
        "a relay whose acknowledgements cannot be right has FAILED",
        "DCM-CTR-008 DCM-XFR-008",
        trial -> broken(trial, contribution -> contribution.received().acknowledgeTooMuch(1000)));
    add(
        cases,
        "detach-ends-relay",
        "a Detach of a higher epoch ends the relay; what is said to the old one changes nothing",
        "DCM-RDR-011 DCM-STA-003",
        RelayCases::detachEndsRelay);
    add(
        cases,
        "skip",
        "pages that are skipped in time do not come, and no others are missing",
        "DCM-CTR-005",
        RelayCases::skip);
    add(
        cases,
        "harmless-text",
        "what a new destination says is freed of all but printable ASCII before it is shown",
        "DCM-SEC-009",
        RelayCases::harmlessText);
    add(
        cases,
        "impostor",
        "a new destination that shows another identity than the configured one is sent nothing",
        "DCM-SEC-005",
        RelayCases::impostor);
    limits(cases);
    refusals(cases);
    return cases;
  }

  private static void limits(List<Case> cases) {
    add(
        cases,
        "rate",
        "a relay does not send more than its rate and a burst",
        "DCM-LIM-002",
        RelayCases::rate);
    add(
        cases,
        "rate-lifted",
        "a status without a share lifts the rate of a relay that waits",
        "DCM-LIM-003",
        RelayCases::rateLifted);
    add(
        cases,
        "rate-set",
        "a status sets the rate of a relay that has none yet",
        "DCM-LIM-003",
        RelayCases::rateSet);
    add(
        cases,
        "unknown-priority",
        "a priority of the future is taken as normal",
        "DCM-LIM-004",
        RelayCases::unknownPriority);
    add(
        cases,
        "rate-in-status-too-high",
        "a rate of 2^63 in a status is refused",
        "DCM-LIM-005",
        RelayCases::rateInStatusTooHigh);
  }

  private static void refusals(List<Case> cases) {
    refused(
        cases,
        "rate-too-high",
        "a rate of 2^63 is refused",
        "DCM-LIM-005",
        FIELD_INVALID,
        held -> List.of(held.header(Contribution.share(Long.MIN_VALUE)), everything()));
    refused(
        cases,
        "no-header",
        "a relay list without a header is refused",
        "DCM-ERR-008",
        FIELD_INVALID,
        held -> List.of(everything()));
    refused(
        cases,
        "two-headers",
        "a relay list with two headers is refused",
        "DCM-ERR-008",
        FIELD_INVALID,
        held -> List.of(held.header(NO_LIMIT), everything(), held.header(NO_LIMIT)));
    refused(
        cases,
        "empty-message",
        "a part of a relay list that is nothing is refused",
        "DCM-VER-006",
        FIELD_INVALID,
        held -> List.of(held.header(NO_LIMIT), RelayRequest.getDefaultInstance()));
    refused(
        cases,
        "outside-block",
        "pages outside of their block are refused",
        "DCM-DAT-003",
        PAGE_OUT_OF_RANGE,
        held -> List.of(held.header(NO_LIMIT), Contribution.pages(1, 1L << 40)));
    refused(
        cases,
        "too-many-extents",
        "more than 8192 extents in a message are refused",
        "DCM-DAT-004",
        CHUNK_TOO_LARGE,
        held ->
            List.of(
                held.header(NO_LIMIT),
                RelayRequest.newBuilder()
                    .setPages(
                        RelayRequest.Pages.newBuilder()
                            .addAllExtents(Collections.nCopies(8193, Contribution.extent(0, 1))))
                    .build()));
    add(cases, "twice", "a second Relay in one epoch is refused", "DCM-STA-002", RelayCases::twice);
  }

  private static void add(
      List<Case> cases, String name, String purpose, String references, Case.Body body) {
    cases.add(Case.of("relay/contributor/" + name, purpose, references, body));
  }

  /** What a case sends in place of a right list. */
  private interface Wrong {
    List<RelayRequest> of(Contribution contribution);
  }

  private static void refused(
      List<Case> cases, String name, String purpose, String references, Reason reason, Wrong list) {
    add(
        cases,
        name,
        purpose,
        references,
        trial -> {
          Contribution held = Contribution.detached(trial);
          held.refused(reason, list.of(held).toArray(new RelayRequest[0]));
          trial.unchanged("a right list is relayed", held::notBegun);
        });
  }

  private static RelayRequest everything() {
    return Contribution.pages(0, ALL);
  }

  private static void pages(Trial trial) {
    Contribution held = Contribution.detached(trial);
    long beyond = trial.guest().firstBlockPages() - 400;
    RelayResponse response =
        Expect.one(
            "Relay",
            held.relay(
                held.header(NO_LIMIT),
                Contribution.pages(150, 250),
                Contribution.pages(400, beyond)));
    Expect.equal("page_count in RelayResponse", ALL - 150, response.getPageCount());
    held.drains(150, ALL - 150);
    Expect.equal("transfers", 1, held.received().callers().size());
  }

  private static void ownConfiguration(Trial trial) {
    Contribution held = Contribution.detached(trial);
    String self =
        trial.givenValue(
            "GetPeer tells the identity",
            () ->
                Expect.one(
                        "GetPeer",
                        trial.call(
                            PeerServiceGrpc.getGetPeerMethod(),
                            GetPeerRequest.getDefaultInstance()))
                    .getIdentity());
    held.relayed(NO_LIMIT);
    held.drains(0, ALL);
    Expect.equal(
        "who relays",
        List.of(self),
        held.received().callers().stream().map(Object::toString).toList());
  }

  private static void firstDestination(Trial trial) {
    PeerId other = trial.target().access().second();
    Contribution held = Contribution.detached(trial);
    held.detach(Contribution.EPOCH, other);
    held.relayed(NO_LIMIT);
    held.drains(0, ALL);
  }

  private static void beginsAtHalfClose(Trial trial) {
    Contribution held = Contribution.detached(trial);
    Conversation<RelayRequest, RelayResponse> list =
        trial.begin(ContributorServiceGrpc.getRelayMethod());
    list.send(held.header(NO_LIMIT)).send(everything());
    for (int i = 0; i < LOOKS; i++) {
      Expect.equal("state", ContributorState.CONTRIBUTOR_STATE_DETACHED, held.status().getState());
    }
    list.cancel();
    held.notBegun();
  }

  private static void drainedLate(Trial trial) {
    Contribution held = Contribution.detached(trial);
    held.received().holdBack();
    held.relayed(NO_LIMIT);
    held.await("the relay is half-closed", held.received()::halfClosed);
    held.came(0, ALL);
    for (int i = 0; i < LOOKS; i++) {
      Expect.equal("state", ContributorState.CONTRIBUTOR_STATE_RELAYING, held.status().getState());
    }
    held.received().letGo();
    held.drains(0, ALL);
  }

  private static void broken(Trial trial, Consumer<Contribution> trouble) {
    Contribution held = Contribution.detached(trial);
    trouble.accept(held);
    held.relayed(NO_LIMIT);
    held.comesTo(
        ContributorState.CONTRIBUTOR_STATE_FAILED,
        status ->
            Expect.that(
                "failure",
                !status.getFailure().isBlank() && status.getFailure().length() <= MOST_FAILURE,
                "one sentence",
                status.getFailure()));
    Expect.equal("transfers begun", 1, held.received().callers().size());
    held.detach(Contribution.EPOCH + 1);
  }

  private static void harmlessText(Trial trial) {
    Contribution held = Contribution.detached(trial);
    String harmful = "first\nsecond \u001b[31mred\u0007 \u202e\u00e9";
    held.received()
        .refuseAfter(0, Errors.toStatus(new DcmException(Reason.CHECKSUM_MISMATCH, harmful)));
    held.relayed(NO_LIMIT);
    held.comesTo(
        ContributorState.CONTRIBUTOR_STATE_FAILED,
        status ->
            Expect.that(
                "failure",
                status.getFailure().matches("[\\x20-\\x7e]+"),
                "printable ASCII",
                status.getFailure()));
  }

  private static void impostor(Trial trial) {
    RelayTarget impostor = trial.impostor();
    Contribution control = Contribution.detached(trial);
    trial.given("the tester's own relay is begun", () -> control.relayed(NO_LIMIT));
    trial.given("it drains", () -> control.drains(0, ALL));
    Contribution held = Contribution.holding(trial);
    RelayTarget.Relayed taken = impostor.expect(held.migration().attempt(Contribution.EPOCH));
    held.detach(Contribution.EPOCH, trial.target().access().second());
    held.relayed(NO_LIMIT);
    held.comesTo(ContributorState.CONTRIBUTOR_STATE_FAILED, status -> {});
    Expect.equal("transfers begun at the impostor", List.of(), taken.callers());
  }

  private static void detachEndsRelay(Trial trial) {
    Contribution held = Contribution.relaying(trial);
    held.received().holdBack();
    held.detach(Contribution.EPOCH + 1);
    held.await("the old relay is broken off", held.received()::cut);
    List<PageChunk> before = held.chunks();
    held.received().letGo();
    for (int i = 0; i < LOOKS; i++) {
      Expect.equal("state", ContributorState.CONTRIBUTOR_STATE_DETACHED, held.status().getState());
    }
    Expect.equal("chunks of the old relay", before.size(), held.chunks().size());
    Expect.equal("waiting_pages", 0L, held.status().getWaitingPages());
  }

  private static void skip(Trial trial) {
    Contribution held = Contribution.relaying(trial);
    SkipResponse skipped = Expect.one("Skip", held.skip(Contribution.extent(ALL - 100, 100)));
    Expect.equal("skipped_pages", 100L, skipped.getSkippedPages());
    Expect.equal(
        "skipped_pages of a repeated Skip",
        0L,
        Expect.one("Skip", held.skip(Contribution.extent(ALL - 100, 100))).getSkippedPages());
    held.drains(0, ALL - 100);
  }

  /** Looks until nothing more comes for a while, under a limit of one byte in a second. */
  private static GetContributorStatusResponse still(Contribution held) {
    GetContributorStatusResponse last = held.status(Contribution.share(1));
    for (int same = 0; same < LOOKS; ) {
      GetContributorStatusResponse now = held.status(Contribution.share(1));
      same = now.equals(last) ? same + 1 : 0;
      last = now;
    }
    return last;
  }

  private static void rate(Trial trial) {
    Contribution held = Contribution.relaying(trial);
    waits(held);
  }

  private static void waits(Contribution held) {
    GetContributorStatusResponse status = still(held);
    Expect.equal("state", ContributorState.CONTRIBUTOR_STATE_RELAYING, status.getState());
    long came = held.received().payloadBytes();
    Expect.that(
        "bytes relayed at once", came <= MOST_AT_ONCE, "at most " + MOST_AT_ONCE, "" + came);
    held.chunks().forEach(held::right);
  }

  private static void rateLifted(Trial trial) {
    Contribution held = Contribution.relaying(trial);
    trial.given("the relay waits", () -> waits(held));
    Expect.equal("state", ContributorState.CONTRIBUTOR_STATE_RELAYING, held.status().getState());
    held.drains(0, ALL);
  }

  private static void rateSet(Trial trial) {
    Contribution held = Contribution.detached(trial);
    // So high that it binds nobody, until the status sets another one.
    held.relayed(Contribution.share(MOST_AT_ONCE / 2));
    held.await("a chunk", () -> !held.chunks().isEmpty());
    GetContributorStatusResponse status = still(held);
    Expect.equal("state", ContributorState.CONTRIBUTOR_STATE_RELAYING, status.getState());
    held.drains(0, ALL);
  }

  private static void unknownPriority(Trial trial) {
    TransferShare odd = TransferShare.newBuilder().setPriorityValue(UNKNOWN_PRIORITY).build();
    Contribution held = Contribution.detached(trial);
    held.relayed(odd);
    held.status(odd);
    held.drains(0, ALL);
  }

  private static void rateInStatusTooHigh(Trial trial) {
    Contribution held = Contribution.relaying(trial);
    Expect.refused(
        "GetContributorStatus", held.askStatus(Contribution.share(Long.MIN_VALUE)), FIELD_INVALID);
    trial.unchanged("the relay goes on", () -> held.drains(0, ALL));
  }

  private static void twice(Trial trial) {
    Contribution held = Contribution.detached(trial);
    held.relayed(NO_LIMIT);
    held.drains(0, ALL);
    held.refused(STATE_CONFLICT, held.header(NO_LIMIT), everything());
    trial.unchanged("nothing more comes", () -> held.drains(0, ALL));
    Expect.equal("transfers begun", 1, held.received().callers().size());
  }
}

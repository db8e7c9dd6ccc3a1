package org.dcmigrate.conformance.mutants;

import com.google.protobuf.Message;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.dcmigrate.conformance.mutants.FaultyPeer.Call;
import org.dcmigrate.conformance.mutants.FaultyPeer.Fault;
import org.dcmigrate.v1.AttemptRef;
import org.dcmigrate.v1.ContributorState;
import org.dcmigrate.v1.DetachRequest;
import org.dcmigrate.v1.GetContributorStatusRequest;
import org.dcmigrate.v1.GetContributorStatusResponse;
import org.dcmigrate.v1.GetPeerResponse;
import org.dcmigrate.v1.PageChunk;
import org.dcmigrate.v1.PageCompression;
import org.dcmigrate.v1.PeerRef;
import org.dcmigrate.v1.RelayRequest;
import org.dcmigrate.v1.TransferRequest;
import org.dcmigrate.v1.TransferResponse;
import org.dcmigrate.v1.TransferShare;

/** Contributors with one fault each. */
final class RelayMutants {
  private static final String CASES = "relay/contributor/";
  private static final long TOO_MUCH = 1000;

  private RelayMutants() {}

  static List<Mutant> all() {
    List<Mutant> all = new ArrayList<>();
    add(
        all,
        "relays under generations of its own",
        "DCM-GEN-003",
        "pages",
        "generation of page",
        relaying(chunk -> chunk.toBuilder().setGeneration(chunk.getGeneration() + 1).build()));
    add(
        all,
        "relays in any order",
        "DCM-CTR-005",
        "pages",
        "first_page of the next chunk",
        relaying(
            chunk ->
                chunk.getFirstPage() == 400 ? chunk.toBuilder().setFirstPage(0).build() : chunk));
    add(
        all,
        "compresses unasked",
        "DCM-XFR-014",
        "pages",
        "compression of a chunk",
        relaying(
            chunk ->
                chunk.toBuilder().setCompression(PageCompression.PAGE_COMPRESSION_ZSTD).build()));
    add(
        all,
        "relays without a checksum",
        "DCM-XFR-004",
        "pages",
        "checksum of a chunk",
        relaying(chunk -> chunk.toBuilder().clearPayloadCrc32C().build()));
    add(
        all,
        "relays under another identity than its own",
        "DCM-CTR-006",
        "own-configuration",
        "who relays",
        Faults.response(
            GetPeerResponse.class, peer -> peer.toBuilder().setIdentity("spiffe://a/b").build()));
    add(
        all,
        "relays to whom the last Detach named",
        "DCM-CTR-006",
        "first-destination",
        "CONTRIBUTOR_STATE_DRAINED",
        new LastNamed());
    add(
        all,
        "begins with the first pages that it is told of",
        "DCM-CTR-004",
        "begins-at-half-close",
        "state",
        new Fault() {
          @Override
          public boolean ends(Call call, Message message) {
            return message instanceof RelayRequest part && part.hasPages();
          }
        });
    states(all);
    limits(all);
    return all;
  }

  private static void states(List<Mutant> all) {
    add(
        all,
        "is drained when all is sent",
        "DCM-CTR-007",
        "drained-late",
        "state",
        status(
            now ->
                now.getWaitingPages() == 0
                        && now.getState() == ContributorState.CONTRIBUTOR_STATE_RELAYING
                    ? now.toBuilder().setState(ContributorState.CONTRIBUTOR_STATE_DRAINED).build()
                    : now));
    add(
        all,
        "says that a relay which broke is drained",
        "DCM-CTR-008",
        "broken-off",
        "CONTRIBUTOR_STATE_FAILED",
        status(
            now ->
                now.getState() == ContributorState.CONTRIBUTOR_STATE_FAILED
                    ? now.toBuilder().setState(ContributorState.CONTRIBUTOR_STATE_DRAINED).build()
                    : now));
    add(
        all,
        "shows what it is told",
        "DCM-SEC-009",
        "harmless-text",
        "printable ASCII",
        status(
            now ->
                now.getFailure().isEmpty()
                    ? now
                    : now.toBuilder().setFailure(now.getFailure() + "\u001b[31m").build()));
    add(
        all,
        "believes any acknowledgement",
        "DCM-CTR-008",
        "acknowledged-too-much",
        "CONTRIBUTOR_STATE_FAILED",
        Faults.inCalls(
            Faults.response(
                TransferResponse.class,
                ack ->
                    ack.getAcknowledgedChunks() >= TOO_MUCH
                        ? ack.toBuilder()
                            .setAcknowledgedChunks(ack.getAcknowledgedChunks() - TOO_MUCH)
                            .build()
                        : ack)));
  }

  private static void limits(List<Mutant> all) {
    add(
        all,
        "knows no rates",
        "DCM-LIM-002",
        "rate",
        "state",
        new Fault() {
          @Override
          public List<Message> requests(Call call, Message message) {
            return List.of(withShare(message, TransferShare.getDefaultInstance()));
          }
        });
    add(
        all,
        "keeps its first rate",
        "DCM-LIM-003",
        "rate-lifted",
        "CONTRIBUTOR_STATE_DRAINED",
        Faults.request(
            GetContributorStatusRequest.class,
            asked ->
                asked.toBuilder()
                    .setShare(TransferShare.newBuilder().setMostBytesPerSecond(1))
                    .build()));
    add(
        all,
        "refuses priorities of the future",
        "DCM-LIM-004",
        "unknown-priority",
        "Relay",
        Faults.request(
            RelayRequest.class,
            part ->
                part.getHeader().getShare().getPriorityValue() > 3
                    ? RelayRequest.getDefaultInstance()
                    : part));
    add(
        all,
        "takes a rate of 2^63 for none",
        "DCM-LIM-005",
        "rate-too-high",
        "FIELD_INVALID",
        new Fault() {
          @Override
          public List<Message> requests(Call call, Message message) {
            return List.of(
                message instanceof RelayRequest part
                        && part.getHeader().getShare().getMostBytesPerSecond() < 0
                    ? withShare(message, TransferShare.getDefaultInstance())
                    : message);
          }
        });
  }

  private static void add(
      List<Mutant> all, String name, String clause, String killer, String says, Fault fault) {
    all.add(new Mutant(name, clause, CASES + killer, says, fault));
  }

  private static Message withShare(Message message, TransferShare share) {
    return switch (message) {
      case GetContributorStatusRequest asked -> asked.toBuilder().setShare(share).build();
      case RelayRequest part when part.hasHeader() ->
          part.toBuilder().setHeader(part.getHeader().toBuilder().setShare(share)).build();
      default -> message;
    };
  }

  private static Fault status(Faults.Change<GetContributorStatusResponse> change) {
    return Faults.response(GetContributorStatusResponse.class, change);
  }

  private static Fault relaying(Faults.Change<PageChunk> change) {
    return Faults.inCalls(Faults.chunk(change));
  }

  /** Once a second Detach named another destination, nothing comes to the first. */
  private static final class LastNamed implements Fault {
    private final Map<AttemptRef, PeerRef> named = new ConcurrentHashMap<>();
    private final AtomicBoolean another = new AtomicBoolean();

    @Override
    public Optional<Message> request(Call call, Message message) {
      if (message instanceof DetachRequest asked
          && !named
              .computeIfAbsent(asked.getAttempt(), attempt -> asked.getNewDestination())
              .equals(asked.getNewDestination())) {
        another.set(true);
      }
      return Optional.of(message);
    }

    @Override
    public Fault calls() {
      return new Fault() {
        @Override
        public Optional<Message> request(Call call, Message message) {
          return message instanceof TransferRequest page && page.hasChunk() && another.get()
              ? Optional.empty()
              : Optional.of(message);
        }
      };
    }
  }
}

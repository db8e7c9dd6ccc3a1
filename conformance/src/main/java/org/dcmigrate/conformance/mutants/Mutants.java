package org.dcmigrate.conformance.mutants;

import com.google.protobuf.Message;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.dcmigrate.conformance.mutants.FaultyPeer.Call;
import org.dcmigrate.conformance.mutants.FaultyPeer.Fault;
import org.dcmigrate.conformance.play.Chunks;
import org.dcmigrate.v1.AbortRequest;
import org.dcmigrate.v1.AbortResponse;
import org.dcmigrate.v1.DetachResponse;
import org.dcmigrate.v1.GetDestinationStatusResponse;
import org.dcmigrate.v1.GetInventoryResponse;
import org.dcmigrate.v1.GetSegmentDigestsResponse;
import org.dcmigrate.v1.OpenRequest;
import org.dcmigrate.v1.OpenResponse;
import org.dcmigrate.v1.PageCompression;
import org.dcmigrate.v1.ResendMetadataRequest;
import org.dcmigrate.v1.SwitchoverResponse;
import org.dcmigrate.v1.TransferRequest;
import org.dcmigrate.v1.TransferResponse;

/** The catalogue of peers with one fault each, and the case that finds it. */
public final class Mutants {
  private Mutants() {}

  /** All mutants there are. */
  public static List<Mutant> all() {
    List<Mutant> all = new ArrayList<>();
    all.add(
        new Mutant(
            "chooses a version not offered",
            "DCM-VER-001",
            "handshake/destination/version-chosen",
            "version chosen",
            Faults.response(OpenResponse.class, open -> open.toBuilder().setVersion(2).build())));
    all.add(
        new Mutant(
            "ignores required capabilities",
            "DCM-VER-003",
            "handshake/destination/capability-unknown",
            "CAPABILITY_MISSING",
            Faults.request(
                OpenRequest.class, open -> open.toBuilder().clearRequiredCapabilities().build())));
    all.add(
        new Mutant(
            "takes any guest name",
            "DCM-ERR-008",
            "handshake/destination/guest-name-upper-case",
            "FIELD_INVALID",
            Faults.request(
                OpenRequest.class,
                open ->
                    open.toBuilder()
                        .setGuestName(open.getGuestName().toLowerCase(Locale.ROOT))
                        .build())));
    all.add(
        new Mutant(
            "corrects leases",
            "DCM-LSE-004",
            "handshake/destination/lease-too-long",
            "FIELD_INVALID",
            Faults.request(
                OpenRequest.class, open -> open.toBuilder().setLeaseMs(30_000).build())));
    all.add(
        new Mutant(
            "accepts a second Open",
            "DCM-OPN-002",
            "handshake/destination/second-open",
            "ALREADY_OPEN",
            Faults.accepting("Open", "ALREADY_OPEN")));
    all.add(
        new Mutant(
            "accepts an older epoch",
            "DCM-STA-001",
            "handshake/destination/older-epoch",
            "EPOCH_STALE",
            Faults.accepting("Open", "EPOCH_STALE")));
    all.add(
        new Mutant(
            "claims to hold nothing when opened again",
            "DCM-RDR-012",
            "handshake/destination/newer-epoch",
            "held_pages",
            Faults.response(
                OpenResponse.class, open -> open.toBuilder().clearHeldPages().build())));
    all.add(
        new Mutant(
            "refuses fields of the future",
            "DCM-VER-004",
            "future/destination/open",
            "Open",
            Faults.request(
                OpenRequest.class,
                open ->
                    open.getUnknownFields().asMap().isEmpty()
                        ? open
                        : OpenRequest.getDefaultInstance())));
    all.add(
        new Mutant(
            "opens what it refused",
            "DCM-VER-002",
            "handshake/destination/version-mismatch",
            "after the refusal",
            new Faults.OpensRefused()));
    all.add(
        new Mutant(
            "accepts metadata twice",
            "DCM-MTA-008",
            "metadata/destination/twice",
            "STATE_CONFLICT",
            Faults.accepting("ResendMetadata", "STATE_CONFLICT")));
    all.add(
        new Mutant(
            "counts records itself",
            "DCM-MTA-002",
            "metadata/destination/record-count-too-high",
            "FIELD_INVALID",
            Faults.request(
                ResendMetadataRequest.class,
                part ->
                    part.hasHeader()
                        ? part.toBuilder()
                            .setHeader(part.getHeader().toBuilder().setRecordCount(3))
                            .build()
                        : part)));
    pages(all);
    endings(all);
    all.addAll(RelayMutants.all());
    all.addAll(VoteMutants.all());
    all.addAll(HolderMutants.all());
    all.addAll(SourceMutants.all());
    all.addAll(RestartMutants.all());
    return List.copyOf(all);
  }

  private static void pages(List<Mutant> all) {
    all.add(
        new Mutant(
            "accepts older generations",
            "DCM-GEN-004",
            "merge/destination/older-dropped",
            "inventory",
            Faults.newest()));
    all.add(
        new Mutant(
            "compares generations as signed numbers",
            "DCM-GEN-004",
            "merge/destination/unsigned",
            "inventory",
            Faults.dropping(chunk -> chunk.getGeneration() < 0)));
    all.add(
        new Mutant(
            "ignores the checksum",
            "DCM-XFR-004",
            "pages/destination/checksum",
            "CHECKSUM_MISMATCH",
            Faults.chunk(
                chunk ->
                    chunk.toBuilder()
                        .setPayloadCrc32C(Chunks.crc32c(chunk.getPayload()))
                        .build())));
    all.add(
        new Mutant(
            "stores the first page before it looks at the checksum",
            "DCM-XFR-006",
            "pages/destination/checksum",
            "after the refusal",
            new Faults.StoresTooEarly()));
    all.add(
        new Mutant(
            "takes conflicting contents",
            "DCM-GEN-006",
            "pages/destination/same-generation-other-content",
            "GENERATION_CONFLICT",
            Faults.accepting("Transfer", "GENERATION_CONFLICT")));
    all.add(
        new Mutant(
            "takes generation 0 for 1",
            "DCM-GEN-009",
            "pages/destination/generation-zero",
            "GENERATION_INVALID",
            Faults.chunk(
                chunk ->
                    chunk.getGeneration() == 0
                        ? chunk.toBuilder().setGeneration(1).build()
                        : chunk)));
    all.add(
        new Mutant(
            "cuts runs off at the end of the block",
            "DCM-DAT-003",
            "pages/destination/outside-block",
            "PAGE_OUT_OF_RANGE",
            Faults.accepting("Transfer", "PAGE_OUT_OF_RANGE")));
    all.add(
        new Mutant(
            "takes one page of a zero run",
            "DCM-XFR-005",
            "pages/destination/zero-run",
            "inventory",
            Faults.chunk(
                chunk ->
                    chunk.getPayload().isEmpty()
                        ? chunk.toBuilder().setPageCount(1).build()
                        : chunk)));
    all.add(
        new Mutant(
            "stores other contents",
            "DCM-XFR-007",
            "pages/destination/stored",
            "segment digests",
            Faults.chunk(Faults::spoilt)));
    all.add(
        new Mutant(
            "takes what a frame holds for granted",
            "DCM-XFR-015",
            "pages/destination/compressed-bomb",
            "CHECKSUM_MISMATCH",
            Faults.chunk(
                chunk ->
                    chunk.getCompression() == PageCompression.PAGE_COMPRESSION_ZSTD
                        ? chunk.toBuilder().clearCompression().clearPayload().build()
                        : chunk)));
    all.add(
        new Mutant(
            "acknowledges what it drops",
            "DCM-XFR-007",
            "pages/destination/stored",
            "inventory",
            Faults.dropping(chunk -> true)));
    all.add(
        new Mutant(
            "acknowledges too much",
            "DCM-XFR-009",
            "pages/destination/many-chunks",
            "acknowledged_chunks",
            Faults.response(
                TransferResponse.class,
                ack ->
                    ack.toBuilder()
                        .setAcknowledgedChunks(ack.getAcknowledgedChunks() + 1)
                        .build())));
    all.add(
        new Mutant(
            "accepts a transfer of an older epoch",
            "DCM-STA-001",
            "transfer/destination/stale-epoch",
            "EPOCH_STALE",
            Faults.request(
                TransferRequest.class,
                message ->
                    message.hasOpen() && message.getOpen().getAttempt().getEpoch() == 4
                        ? Faults.withEpoch(message, 5)
                        : message)));
    all.add(
        new Mutant(
            "goes on with the transfer of an attempt that was given up",
            "DCM-XFR-018",
            "transfer/destination/given-up",
            "ATTEMPT_DISCARDED",
            Faults.accepting("Transfer", "ATTEMPT_DISCARDED")));
    all.add(
        new Mutant(
            "tells generation 1 for every page",
            "DCM-DAT-005",
            "inventory/destination/generations",
            "inventory",
            Faults.response(GetInventoryResponse.class, Faults::allOne)));
    all.add(
        new Mutant(
            "takes digests of something else",
            "DCM-DIG-002",
            "digests/destination/crc64",
            "segment digests",
            Faults.response(
                GetSegmentDigestsResponse.class,
                digests -> digests.toBuilder().setDigests(0, digests.getDigests(0) + 1).build())));
    all.add(
        new Mutant(
            "counts duplicates as accepted",
            "DCM-XFR-003",
            "status/destination/progress",
            "accepted_pages",
            Faults.response(
                GetDestinationStatusResponse.class,
                status -> {
                  GetDestinationStatusResponse.Builder wrong = status.toBuilder();
                  wrong
                      .getSendersBuilderList()
                      .forEach(
                          sender ->
                              sender
                                  .setAcceptedPages(
                                      sender.getAcceptedPages() + sender.getDuplicatePages())
                                  .clearDuplicatePages());
                  return wrong.build();
                })));
  }

  private static void endings(List<Mutant> all) {
    all.add(
        new Mutant(
            "reports Prepared when pages are missing",
            "DCM-DIG-003",
            "switchover/destination/missing-pages",
            "INCOMPLETE",
            Faults.response(SwitchoverResponse.class, Faults::alwaysPrepared)));
    all.add(
        new Mutant(
            "does not compare the digest",
            "DCM-DIG-003",
            "switchover/destination/wrong-digest",
            "INCOMPLETE",
            Faults.response(SwitchoverResponse.class, Faults::alwaysPrepared)));
    all.add(
        new Mutant(
            "does not check the device state",
            "DCM-SWO-002",
            "switchover/destination/device-state-hash",
            "DIGEST_MISMATCH",
            Faults.accepting("Switchover", "DIGEST_MISMATCH")));
    all.add(
        new Mutant(
            "takes a commit before prepare",
            "DCM-DSK-005",
            "switchover/destination/commit-before-prepare",
            "STATE_CONFLICT",
            Faults.accepting("Switchover", "STATE_CONFLICT")));
    all.add(
        new Mutant(
            "runs a guest whose attempt was given up",
            "DCM-DSK-003",
            "switchover/destination/abort-then-commit",
            "ATTEMPT_DISCARDED",
            Faults.accepting("Switchover", "ATTEMPT_DISCARDED")));
    all.add(
        new Mutant(
            "leaves pages out of the inventory of a Detach",
            "DCM-CTR-001",
            "detach/contributor/inventory",
            "inventory",
            Faults.response(DetachResponse.class, part -> DetachResponse.getDefaultInstance())));
    all.add(
        new Mutant(
            "detaches to a peer it does not know",
            "DCM-CTR-002",
            "detach/contributor/peer-unknown",
            "PEER_UNKNOWN",
            Faults.accepting("Detach", "PEER_UNKNOWN")));
    all.add(
        new Mutant(
            "takes pages of the old epoch after a Detach",
            "DCM-CTR-003",
            "detach/contributor/old-epoch-refused",
            "EPOCH_STALE",
            Faults.accepting("Transfer", "EPOCH_STALE")));
    all.add(
        new Mutant(
            "answers Abort and keeps everything",
            "DCM-STA-002",
            "abort/destination/forgets",
            "MIGRATION_UNKNOWN",
            Faults.request(
                AbortRequest.class,
                abort ->
                    abort.toBuilder()
                        .setAttempt(
                            abort.getAttempt().toBuilder()
                                .setMigrationId("00000000-0000-4000-8000-000000000000"))
                        .build())));
    all.add(
        new Mutant(
            "ends Abort without an answer",
            "DCM-CAN-004",
            "abort/destination/unknown-migration",
            "the call",
            new Fault() {
              @Override
              public Optional<Message> response(Call call, Message message) {
                return message instanceof AbortResponse ? Optional.empty() : Optional.of(message);
              }
            }));
    all.add(
        new Mutant(
            "knows every migration",
            "DCM-STA-002",
            "canary/destination/inventory",
            "MIGRATION_UNKNOWN",
            Faults.accepting("GetInventory", "MIGRATION_UNKNOWN")));
    all.add(
        new Mutant(
            "uses a domain of its own",
            "DCM-ERR-001",
            "errors/destination/form",
            "domain",
            Faults.trailers(info -> info.setDomain("example.com"))));
    all.add(
        new Mutant(
            "uses a reason that is not registered",
            "DCM-ERR-001",
            "errors/destination/form",
            "MIGRATION_UNKNOWN",
            Faults.trailers(info -> info.setReason("NO_SUCH_MIGRATION"))));
  }
}

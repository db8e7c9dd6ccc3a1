package org.dcmigrate.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import com.google.rpc.ErrorInfo;
import io.grpc.Metadata;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.dcmigrate.conformance.FaultyPeer.Call;
import org.dcmigrate.conformance.FaultyPeer.Fault;
import org.dcmigrate.conformance.play.Chunks;
import org.dcmigrate.conformance.suite.CaseResult;
import org.dcmigrate.conformance.suite.Report;
import org.dcmigrate.conformance.suite.Verdict;
import org.dcmigrate.v1.AbortRequest;
import org.dcmigrate.v1.AbortResponse;
import org.dcmigrate.v1.ContributorState;
import org.dcmigrate.v1.DetachResponse;
import org.dcmigrate.v1.GetContributorStatusResponse;
import org.dcmigrate.v1.GetDestinationStatusResponse;
import org.dcmigrate.v1.GetInventoryResponse;
import org.dcmigrate.v1.GetSegmentDigestsResponse;
import org.dcmigrate.v1.OpenRequest;
import org.dcmigrate.v1.OpenResponse;
import org.dcmigrate.v1.PageChunk;
import org.dcmigrate.v1.RelayResponse;
import org.dcmigrate.v1.ReleaseResponse;
import org.dcmigrate.v1.ResendMetadataRequest;
import org.dcmigrate.v1.ResendMetadataResponse;
import org.dcmigrate.v1.SkipResponse;
import org.dcmigrate.v1.SwitchoverResponse;
import org.dcmigrate.v1.TransferRequest;
import org.dcmigrate.v1.TransferResponse;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The suite can fail: destinations with one fault each, and the case that finds it. */
class MutantTest {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  @TempDir private Path directory;

  // One for each mutant: some leave migrations behind, up to the reference's limit.
  private ReferencePeer reference;

  @BeforeEach
  void startReference() throws Exception {
    reference = ReferencePeer.start(directory);
  }

  @AfterEach
  void stopReference() {
    reference.close();
  }

  /** One fault, the case that has to fail because of it, and what it has to say. */
  record Mutant(String name, String killer, String says, Fault fault) {
    @Override
    public String toString() {
      return name;
    }
  }

  @Test
  void withoutFaultEverythingPasses() throws Exception {
    try (FaultyPeer peer = FaultyPeer.inFrontOf(reference.endpoint(), new Fault() {})) {
      assertThat(Tester.run(peer.endpoint(), TIMEOUT))
          .filteredOn(result -> result.verdict() != Verdict.PASS)
          .extracting(Report::text)
          .isEmpty();
    }
  }

  @ParameterizedTest
  @MethodSource("mutants")
  void isKilled(Mutant mutant) throws Exception {
    try (FaultyPeer peer = FaultyPeer.inFrontOf(reference.endpoint(), mutant.fault())) {
      List<CaseResult> results = Tester.run(peer.endpoint(), TIMEOUT, mutant.killer());

      assertThat(results).hasSize(1);
      assertThat(results.getFirst().verdict())
          .as(Report.text(results.getFirst()))
          .isEqualTo(Verdict.FAIL);
      assertThat(Report.text(results.getFirst())).contains(mutant.says());
      assertThat(results.getFirst().messages()).isNotEmpty();
    }
  }

  /** No case about a refusal passes at a peer that refuses nothing. */
  @Test
  void refusesNothing() throws Exception {
    Fault fault =
        new Fault() {
          @Override
          public Optional<Message> instead(Call call, String reason) {
            return Optional.of(success(call));
          }
        };
    noRefusalPasses(fault);
  }

  /** Nor at one that refuses without a reason. */
  @Test
  void refusesWithoutReason() throws Exception {
    noRefusalPasses(
        new Fault() {
          @Override
          public Metadata trailers(Metadata trailers) {
            return new Metadata();
          }
        });
  }

  private void noRefusalPasses(Fault fault) throws Exception {
    try (FaultyPeer peer = FaultyPeer.inFrontOf(reference.endpoint(), fault)) {
      List<CaseResult> results = Tester.run(peer.endpoint(), TIMEOUT);
      assertThat(results)
          .filteredOn(result -> result.of().purpose().contains("refuse"))
          .hasSizeGreaterThan(100)
          .filteredOn(result -> result.verdict() == Verdict.PASS)
          .extracting(result -> result.of().name())
          .isEmpty();
    }
  }

  static Stream<Mutant> mutants() {
    List<Mutant> all = new ArrayList<>();
    all.add(
        new Mutant(
            "chooses a version not offered",
            "handshake/destination/version-chosen",
            "version chosen",
            response(OpenResponse.class, open -> open.toBuilder().setVersion(2).build())));
    all.add(
        new Mutant(
            "ignores required capabilities",
            "handshake/destination/capability-unknown",
            "CAPABILITY_MISSING",
            request(
                OpenRequest.class,
                open -> open.toBuilder().clearRequiredCapabilities().build())));
    all.add(
        new Mutant(
            "takes any guest name",
            "handshake/destination/guest-name-upper-case",
            "FIELD_INVALID",
            request(
                OpenRequest.class,
                open ->
                    open.toBuilder()
                        .setGuestName(open.getGuestName().toLowerCase(Locale.ROOT))
                        .build())));
    all.add(
        new Mutant(
            "corrects leases",
            "handshake/destination/lease-too-long",
            "FIELD_INVALID",
            request(OpenRequest.class, open -> open.toBuilder().setLeaseMs(30_000).build())));
    all.add(
        new Mutant(
            "accepts a second Open",
            "handshake/destination/second-open",
            "ALREADY_OPEN",
            accepting("Open", "ALREADY_OPEN")));
    all.add(
        new Mutant(
            "accepts an older epoch",
            "handshake/destination/older-epoch",
            "EPOCH_STALE",
            accepting("Open", "EPOCH_STALE")));
    all.add(
        new Mutant(
            "claims to hold nothing when opened again",
            "handshake/destination/newer-epoch",
            "held_pages",
            response(OpenResponse.class, open -> open.toBuilder().clearHeldPages().build())));
    all.add(
        new Mutant(
            "refuses fields of the future",
            "future/destination/open",
            "Open",
            request(
                OpenRequest.class,
                open ->
                    open.getUnknownFields().asMap().isEmpty()
                        ? open
                        : OpenRequest.getDefaultInstance())));
    all.add(
        new Mutant(
            "opens what it refused",
            "handshake/destination/version-mismatch",
            "after the refusal",
            new OpensRefused()));
    all.add(
        new Mutant(
            "accepts metadata twice",
            "metadata/destination/twice",
            "STATE_CONFLICT",
            accepting("ResendMetadata", "STATE_CONFLICT")));
    all.add(
        new Mutant(
            "counts records itself",
            "metadata/destination/record-count-too-high",
            "FIELD_INVALID",
            request(
                ResendMetadataRequest.class,
                part ->
                    part.hasHeader()
                        ? part.toBuilder()
                            .setHeader(part.getHeader().toBuilder().setRecordCount(3))
                            .build()
                        : part)));
    pages(all);
    endings(all);
    return all.stream();
  }

  private static void pages(List<Mutant> all) {
    all.add(
        new Mutant(
            "accepts older generations", "merge/destination/older-dropped", "inventory", newest()));
    all.add(
        new Mutant(
            "compares generations as signed numbers",
            "merge/destination/unsigned",
            "inventory",
            dropping(chunk -> chunk.getGeneration() < 0)));
    all.add(
        new Mutant(
            "ignores the checksum",
            "pages/destination/checksum",
            "CHECKSUM_MISMATCH",
            chunk(
                chunk ->
                    chunk.toBuilder()
                        .setPayloadCrc32C(Chunks.crc32c(chunk.getPayload()))
                        .build())));
    all.add(
        new Mutant(
            "stores the first page before it looks at the checksum",
            "pages/destination/checksum",
            "after the refusal",
            new StoresTooEarly()));
    all.add(
        new Mutant(
            "takes conflicting contents",
            "pages/destination/same-generation-other-content",
            "GENERATION_CONFLICT",
            accepting("Transfer", "GENERATION_CONFLICT")));
    all.add(
        new Mutant(
            "takes generation 0 for 1",
            "pages/destination/generation-zero",
            "GENERATION_INVALID",
            chunk(
                chunk ->
                    chunk.getGeneration() == 0
                        ? chunk.toBuilder().setGeneration(1).build()
                        : chunk)));
    all.add(
        new Mutant(
            "cuts runs off at the end of the block",
            "pages/destination/outside-block",
            "PAGE_OUT_OF_RANGE",
            accepting("Transfer", "PAGE_OUT_OF_RANGE")));
    all.add(
        new Mutant(
            "takes one page of a zero run",
            "pages/destination/zero-run",
            "inventory",
            chunk(
                chunk ->
                    chunk.getPayload().isEmpty()
                        ? chunk.toBuilder().setPageCount(1).build()
                        : chunk)));
    all.add(
        new Mutant(
            "stores other contents",
            "pages/destination/stored",
            "segment digests",
            chunk(MutantTest::spoilt)));
    all.add(
        new Mutant(
            "acknowledges what it drops",
            "pages/destination/stored",
            "inventory",
            dropping(chunk -> true)));
    all.add(
        new Mutant(
            "acknowledges too much",
            "pages/destination/many-chunks",
            "acknowledged_chunks",
            response(
                TransferResponse.class,
                ack ->
                    ack.toBuilder()
                        .setAcknowledgedChunks(ack.getAcknowledgedChunks() + 1)
                        .build())));
    all.add(
        new Mutant(
            "accepts a transfer of an older epoch",
            "transfer/destination/stale-epoch",
            "EPOCH_STALE",
            request(
                TransferRequest.class,
                message ->
                    message.hasOpen() && message.getOpen().getAttempt().getEpoch() == 4
                        ? withEpoch(message, 5)
                        : message)));
    all.add(
        new Mutant(
            "tells generation 1 for every page",
            "inventory/destination/generations",
            "inventory",
            response(GetInventoryResponse.class, MutantTest::allOne)));
    all.add(
        new Mutant(
            "takes digests of something else",
            "digests/destination/crc64",
            "segment digests",
            response(
                GetSegmentDigestsResponse.class,
                digests ->
                    digests.toBuilder().setDigests(0, digests.getDigests(0) + 1).build())));
    all.add(
        new Mutant(
            "counts duplicates as accepted",
            "status/destination/progress",
            "accepted_pages",
            response(
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
            "switchover/destination/missing-pages",
            "INCOMPLETE",
            response(SwitchoverResponse.class, MutantTest::alwaysPrepared)));
    all.add(
        new Mutant(
            "does not compare the digest",
            "switchover/destination/wrong-digest",
            "INCOMPLETE",
            response(SwitchoverResponse.class, MutantTest::alwaysPrepared)));
    all.add(
        new Mutant(
            "does not check the device state",
            "switchover/destination/device-state-hash",
            "DIGEST_MISMATCH",
            accepting("Switchover", "DIGEST_MISMATCH")));
    all.add(
        new Mutant(
            "takes a commit before prepare",
            "switchover/destination/commit-before-prepare",
            "STATE_CONFLICT",
            accepting("Switchover", "STATE_CONFLICT")));
    all.add(
        new Mutant(
            "runs a guest whose attempt was given up",
            "switchover/destination/abort-then-commit",
            "ATTEMPT_DISCARDED",
            accepting("Switchover", "ATTEMPT_DISCARDED")));
    all.add(
        new Mutant(
            "leaves pages out of the inventory of a Detach",
            "detach/contributor/inventory",
            "inventory",
            response(DetachResponse.class, part -> DetachResponse.getDefaultInstance())));
    all.add(
        new Mutant(
            "detaches to a peer it does not know",
            "detach/contributor/peer-unknown",
            "PEER_UNKNOWN",
            accepting("Detach", "PEER_UNKNOWN")));
    all.add(
        new Mutant(
            "takes pages of the old epoch after a Detach",
            "detach/contributor/old-epoch-refused",
            "EPOCH_STALE",
            accepting("Transfer", "EPOCH_STALE")));
    all.add(
        new Mutant(
            "answers Abort and keeps everything",
            "abort/destination/forgets",
            "MIGRATION_UNKNOWN",
            request(
                AbortRequest.class,
                abort ->
                    abort.toBuilder()
                        .setAttempt(
                            abort.getAttempt().toBuilder()
                                .setMigrationId("00000000-0000-4000-8000-000000000000"))
                        .build())));
    all.add(
        new Mutant(
            "refuses Abort of what it does not know",
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
            "canary/destination/inventory",
            "MIGRATION_UNKNOWN",
            accepting("GetInventory", "MIGRATION_UNKNOWN")));
    all.add(
        new Mutant(
            "uses a domain of its own",
            "errors/destination/form",
            "domain",
            trailers(info -> info.setDomain("example.com"))));
    all.add(
        new Mutant(
            "uses a reason that is not registered",
            "errors/destination/form",
            "MIGRATION_UNKNOWN",
            trailers(info -> info.setReason("NO_SUCH_MIGRATION"))));
  }

  // ---- Faults.

  private interface Change<M> {
    M of(M message);
  }

  private static <M extends Message> Fault request(Class<M> type, Change<M> change) {
    return new Fault() {
      @Override
      public Optional<Message> request(Call call, Message message) {
        return Optional.of(
            type.isInstance(message) ? change.of(type.cast(message)) : message);
      }
    };
  }

  private static <M extends Message> Fault response(Class<M> type, Change<M> change) {
    return new Fault() {
      @Override
      public Optional<Message> response(Call call, Message message) {
        return Optional.of(
            type.isInstance(message) ? change.of(type.cast(message)) : message);
      }
    };
  }

  private static Fault chunk(Change<PageChunk> change) {
    return request(
        TransferRequest.class,
        message ->
            message.hasChunk()
                ? message.toBuilder().setChunk(change.of(message.getChunk())).build()
                : message);
  }

  private static Fault accepting(String method, String refusal) {
    return new Fault() {
      @Override
      public Optional<Message> instead(Call call, String reason) {
        return call.method().equals(method) && reason.equals(refusal)
            ? Optional.of(success(call))
            : Optional.empty();
      }
    };
  }

  /** Replaces pages by an empty chunk that was taken before, so that it is still acknowledged. */
  private static Fault dropping(java.util.function.Predicate<PageChunk> which) {
    return chunk(
        chunk -> which.test(chunk) ? Chunks.zero(1, 79, 1, 1) : chunk);
  }

  /** Gives every chunk a newer generation than its pages have. */
  private static Fault newest() {
    Map<Long, Integer> highest = new ConcurrentHashMap<>();
    return chunk(
        chunk ->
            chunk.toBuilder()
                .setGeneration(
                    highest.merge(
                        chunk.getFirstPage(),
                        chunk.getGeneration(),
                        (held, now) -> Math.max(held + 1, now)))
                .build());
  }

  private static Fault trailers(Change<ErrorInfo.Builder> change) {
    Metadata.Key<com.google.rpc.Status> details =
        Metadata.Key.of(
            "grpc-status-details-bin",
            io.grpc.protobuf.lite.ProtoLiteUtils.metadataMarshaller(
                com.google.rpc.Status.getDefaultInstance()));
    return new Fault() {
      @Override
      public Metadata trailers(Metadata trailers) {
        com.google.rpc.Status status = Optional.ofNullable(trailers.get(details)).orElseThrow();
        try {
          ErrorInfo.Builder info = status.getDetails(0).unpack(ErrorInfo.class).toBuilder();
          Metadata changed = new Metadata();
          changed.put(
              details,
              status.toBuilder()
                  .setDetails(0, com.google.protobuf.Any.pack(change.of(info).build()))
                  .build());
          return changed;
        } catch (com.google.protobuf.InvalidProtocolBufferException impossible) {
          throw new AssertionError(impossible);
        }
      }
    };
  }

  /** Opens with version 1 what offers none in common, and says that it refused. */
  private static final class OpensRefused implements Fault {
    @Override
    public Optional<Message> request(Call call, Message message) {
      return Optional.of(
          message instanceof OpenRequest open
              ? open.toBuilder().addVersions(1).build()
              : message);
    }

    @Override
    public Optional<Message> response(Call call, Message message) {
      boolean refused =
          call.method().equals("Open")
              && !((OpenRequest) call.first()).getVersionsList().contains(1);
      return refused ? Optional.empty() : Optional.of(message);
    }

    @Override
    public Optional<io.grpc.StatusRuntimeException> end(Call call) {
      return call.method().equals("Open")
              && !((OpenRequest) call.first()).getVersionsList().contains(1)
          ? Optional.of(
              org.dcmigrate.protocol.wire.Errors.toStatus(
                  new org.dcmigrate.protocol.DcmException(
                      org.dcmigrate.protocol.Reason.VERSION_MISMATCH, "no such version")))
          : Optional.empty();
    }
  }

  /** Stores the first page of a chunk before the checksum of the whole. */
  private static final class StoresTooEarly implements Fault {
    @Override
    public List<Message> requests(Call call, Message message) {
      if (message instanceof TransferRequest transfer
          && transfer.getChunk().getPageCount() == 4) {
        PageChunk chunk = transfer.getChunk();
        ByteString first = chunk.getPayload().substring(0, 4096);
        return List.of(
            TransferRequest.newBuilder()
                .setChunk(Chunks.of(0, chunk.getFirstPage(), chunk.getGeneration(), first))
                .build(),
            message);
      }
      return List.of(message);
    }
  }

  private static PageChunk spoilt(PageChunk chunk) {
    byte[] bytes = chunk.getPayload().toByteArray();
    bytes[0] ^= 1;
    ByteString payload = ByteString.copyFrom(bytes);
    return chunk.toBuilder()
        .setPayload(payload)
        .setPayloadCrc32C(Chunks.crc32c(payload))
        .build();
  }

  private static TransferRequest withEpoch(TransferRequest message, long epoch) {
    TransferRequest.Builder changed = message.toBuilder();
    changed.getOpenBuilder().getAttemptBuilder().setEpoch(epoch);
    return changed.build();
  }

  private static GetInventoryResponse allOne(GetInventoryResponse response) {
    GetInventoryResponse.Builder changed = response.toBuilder();
    changed
        .getBatchBuilder()
        .getExtentsBuilderList()
        .forEach(extent -> extent.setGeneration(1));
    return changed.build();
  }

  private static SwitchoverResponse alwaysPrepared(SwitchoverResponse response) {
    return response.hasIncomplete()
        ? SwitchoverResponse.newBuilder()
            .setPrepared(SwitchoverResponse.Prepared.getDefaultInstance())
            .build()
        : response;
  }

  /** An answer that looks like success. */
  private static Message success(Call call) {
    return switch (call.method()) {
      case "Open" -> OpenResponse.newBuilder().setVersion(1).build();
      case "ResendMetadata" -> ResendMetadataResponse.getDefaultInstance();
      case "GetInventory" -> GetInventoryResponse.getDefaultInstance();
      case "GetSegmentDigests" -> GetSegmentDigestsResponse.getDefaultInstance();
      case "GetDestinationStatus" -> GetDestinationStatusResponse.getDefaultInstance();
      case "Abort" -> AbortResponse.getDefaultInstance();
      case "Detach" -> DetachResponse.getDefaultInstance();
      case "Relay" -> RelayResponse.getDefaultInstance();
      case "Skip" -> SkipResponse.getDefaultInstance();
      case "Release" -> ReleaseResponse.getDefaultInstance();
      case "GetContributorStatus" ->
          GetContributorStatusResponse.newBuilder()
              .setState(ContributorState.CONTRIBUTOR_STATE_DETACHED)
              .build();
      case "Transfer" ->
          TransferResponse.newBuilder().setAcknowledgedChunks(call.requests() - 1L).build();
      case "Switchover" ->
          SwitchoverResponse.newBuilder()
              .setRunning(SwitchoverResponse.Running.newBuilder().setResumeNs(1))
              .build();
      default -> throw new AssertionError(call.method());
    };
  }
}

package org.dcmigrate.protocol.wire;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;
import org.dcmigrate.protocol.pages.PageDigest;
import org.dcmigrate.v1.AcceptRequest;
import org.dcmigrate.v1.AcceptResponse;
import org.dcmigrate.v1.AppointRequest;
import org.dcmigrate.v1.AppointResponse;
import org.dcmigrate.v1.AttemptRef;
import org.dcmigrate.v1.Choice;
import org.dcmigrate.v1.ContributorState;
import org.dcmigrate.v1.DestinationState;
import org.dcmigrate.v1.DetachRequest;
import org.dcmigrate.v1.DetachResponse;
import org.dcmigrate.v1.DigestAlgorithm;
import org.dcmigrate.v1.DismissRequest;
import org.dcmigrate.v1.DismissResponse;
import org.dcmigrate.v1.Extent;
import org.dcmigrate.v1.GenerationExtent;
import org.dcmigrate.v1.Geometry;
import org.dcmigrate.v1.GetContributorStatusRequest;
import org.dcmigrate.v1.GetContributorStatusResponse;
import org.dcmigrate.v1.GetDestinationStatusRequest;
import org.dcmigrate.v1.GetDestinationStatusResponse;
import org.dcmigrate.v1.GetInventoryRequest;
import org.dcmigrate.v1.GetInventoryResponse;
import org.dcmigrate.v1.GuestDescription;
import org.dcmigrate.v1.InventoryBatch;
import org.dcmigrate.v1.MetadataRecord;
import org.dcmigrate.v1.OpenRequest;
import org.dcmigrate.v1.OpenResponse;
import org.dcmigrate.v1.PageChunk;
import org.dcmigrate.v1.PeerRef;
import org.dcmigrate.v1.RamBlock;
import org.dcmigrate.v1.RelayRequest;
import org.dcmigrate.v1.RelayResponse;
import org.dcmigrate.v1.ReleaseRequest;
import org.dcmigrate.v1.ReleaseResponse;
import org.dcmigrate.v1.ResendMetadataRequest;
import org.dcmigrate.v1.ResendMetadataResponse;
import org.dcmigrate.v1.SenderProgress;
import org.dcmigrate.v1.SkipRequest;
import org.dcmigrate.v1.SkipResponse;
import org.dcmigrate.v1.SwitchoverRequest;
import org.dcmigrate.v1.SwitchoverResponse;
import org.dcmigrate.v1.TransferOpen;
import org.dcmigrate.v1.TransferRequest;
import org.dcmigrate.v1.TransferResponse;
import org.dcmigrate.v1.Vote;

/**
 * Every message of a redirect of a guest of four pages, in an order in which they may come. The
 * source S has sent pages 0 to 2 to O when the operator turns it to N; O relays them; the guest
 * writes page 1 meanwhile; O is the witness.
 */
final class WorkedRedirect {
  /** A message of a call. */
  record Step(String from, String to, String call, Message message) {}

  private static final String MIGRATION = "0b9f4c1e-6f0a-4d5e-8a51-3d2c7e90aa01";
  private static final String S = "spiffe://dcm.example/peer/s";
  private static final String O = "spiffe://dcm.example/peer/o";
  private static final String N = "spiffe://dcm.example/peer/n";
  private static final byte[] DEVICE_STATE = "device".getBytes(StandardCharsets.US_ASCII);
  private static final int ALL_PAGES = 4;

  private final List<Step> steps = new ArrayList<>();

  private WorkedRedirect() {}

  static List<Step> steps() throws NoSuchAlgorithmException {
    WorkedRedirect redirect = new WorkedRedirect();
    redirect.toTheOldDestination();
    redirect.toTheNewDestination();
    redirect.relay();
    redirect.compare();
    redirect.switchover();
    return List.copyOf(redirect.steps);
  }

  /** What the guest has in its pages at the stop: none, 0x44, 0x22, 0x33, all over the page. */
  static byte[] page(int index) {
    byte[] page = new byte[4096];
    Arrays.fill(page, new byte[] {0, 0x44, 0x22, 0x33}[index]);
    return page;
  }

  static long memoryDigest() {
    PageDigest digest = PageDigest.newInstance(PageDigest.Algorithm.CRC64);
    long sum = 0;
    for (int index = 0; index < ALL_PAGES; index++) {
      sum += PageDigest.mixed(index, digest.of(page(index)));
    }
    return sum;
  }

  private void say(String from, String to, String call, Message... messages) {
    for (Message message : messages) {
      steps.add(new Step(from, to, call, message));
    }
  }

  private void toTheOldDestination() {
    open("O", 1, List.of(), 0);
    metadata("O", 1);
    byte[] ones = new byte[4096];
    Arrays.fill(ones, (byte) 0x11);
    say(
        "S",
        "O",
        "TransferService.Transfer",
        transfer(1),
        zero(0, 1, 1),
        chunk(1, 1, ones),
        chunk(2, 1, page(2)));
    say("O", "S", "TransferService.Transfer", acknowledged(3));
  }

  private void toTheNewDestination() {
    open("N", 2, List.of(O), 0);
    metadata("N", 2);
    say(
        "S",
        "O",
        "ContributorService.Detach",
        DetachRequest.newBuilder().setAttempt(attempt(2)).setNewDestination(peer(N)).build());
    say(
        "O",
        "S",
        "ContributorService.Detach",
        DetachResponse.newBuilder().setBatch(batch(held(0, 3, 1))).build());
    say(
        "S",
        "O",
        "DecisionService.Appoint",
        AppointRequest.newBuilder().setAttempt(attempt(2)).setDestination(peer(N)).build());
    say("O", "S", "DecisionService.Appoint", AppointResponse.getDefaultInstance());
  }

  private void relay() {
    say(
        "S",
        "O",
        "ContributorService.Relay",
        RelayRequest.newBuilder()
            .setHeader(RelayRequest.Header.newBuilder().setAttempt(attempt(2)))
            .build(),
        RelayRequest.newBuilder()
            .setPages(RelayRequest.Pages.newBuilder().addExtents(extent(0, 3)))
            .build());
    say("O", "S", "ContributorService.Relay", RelayResponse.newBuilder().setPageCount(3).build());
    // The guest has written page 1: the relay need not send it any more.
    say(
        "S",
        "O",
        "ContributorService.Skip",
        SkipRequest.newBuilder().setAttempt(attempt(2)).addExtents(extent(1, 1)).build());
    say("O", "S", "ContributorService.Skip", SkipResponse.newBuilder().setSkippedPages(1).build());
    say("O", "N", "TransferService.Transfer", transfer(2), zero(0, 1, 1), chunk(2, 1, page(2)));
    say("N", "O", "TransferService.Transfer", acknowledged(2));
    say(
        "S",
        "N",
        "TransferService.Transfer",
        transfer(2),
        chunk(3, 1, page(3)),
        chunk(1, 2, page(1)));
    say("N", "S", "TransferService.Transfer", acknowledged(2));
    say(
        "S",
        "O",
        "ContributorService.GetContributorStatus",
        GetContributorStatusRequest.newBuilder().setAttempt(attempt(2)).build());
    say(
        "O",
        "S",
        "ContributorService.GetContributorStatus",
        GetContributorStatusResponse.newBuilder()
            .setState(ContributorState.CONTRIBUTOR_STATE_DRAINED)
            .setRelayedPages(2)
            .setPayloadBytes(4096)
            .build());
  }

  private void compare() {
    say(
        "S",
        "N",
        "DestinationService.GetInventory",
        GetInventoryRequest.newBuilder().setAttempt(attempt(2)).build());
    say(
        "N",
        "S",
        "DestinationService.GetInventory",
        GetInventoryResponse.newBuilder()
            .setBatch(batch(held(0, 1, 1), held(1, 1, 2), held(2, 2, 1)))
            .build());
    say(
        "S",
        "N",
        "DestinationService.GetDestinationStatus",
        GetDestinationStatusRequest.newBuilder().setAttempt(attempt(2)).build());
    say(
        "N",
        "S",
        "DestinationService.GetDestinationStatus",
        GetDestinationStatusResponse.newBuilder()
            .setState(DestinationState.DESTINATION_STATE_RECEIVING)
            .setHeldPages(ALL_PAGES)
            .addSenders(sender(S, 8192))
            .addSenders(sender(O, 4096))
            .build());
  }

  private void switchover() throws NoSuchAlgorithmException {
    String call = "DestinationService.Switchover";
    byte[] sha256 = MessageDigest.getInstance("SHA-256").digest(DEVICE_STATE);
    say(
        "S",
        "N",
        call,
        SwitchoverRequest.newBuilder()
            .setPrepare(
                SwitchoverRequest.Prepare.newBuilder()
                    .setAttempt(attempt(2))
                    .setMemoryDigest(memoryDigest())
                    .setDeviceStateBytes(DEVICE_STATE.length)
                    .setDeviceStateSha256(ByteString.copyFrom(sha256)))
            .build(),
        SwitchoverRequest.newBuilder().setDeviceState(ByteString.copyFrom(DEVICE_STATE)).build(),
        SwitchoverRequest.newBuilder()
            .setPrepareEnd(SwitchoverRequest.PrepareEnd.getDefaultInstance())
            .build());
    say(
        "N",
        "S",
        call,
        SwitchoverResponse.newBuilder()
            .setPrepared(SwitchoverResponse.Prepared.newBuilder().setMemoryDigest(memoryDigest()))
            .build());
    say(
        "S",
        "N",
        call,
        SwitchoverRequest.newBuilder()
            .setCommit(
                SwitchoverRequest.Commit.newBuilder()
                    .setAttempt(attempt(2))
                    .setMemoryDigest(memoryDigest())
                    .setWitness(peer(O)))
            .build());
    for (String voter : List.of("S", "O")) {
      say(
          "N",
          voter,
          "DecisionService.Accept",
          AcceptRequest.newBuilder()
              .setAttempt(attempt(2))
              .setVote(Vote.newBuilder().setBallot(0).setChoice(Choice.CHOICE_DESTINATION))
              .build());
      say(voter, "N", "DecisionService.Accept", AcceptResponse.newBuilder().build());
    }
    say(
        "N",
        "S",
        call,
        SwitchoverResponse.newBuilder()
            .setRunning(SwitchoverResponse.Running.newBuilder().setResumeNs(1_500_000))
            .build());
    say(
        "S",
        "O",
        "ContributorService.Release",
        ReleaseRequest.newBuilder().setAttempt(attempt(2)).build());
    say("O", "S", "ContributorService.Release", ReleaseResponse.getDefaultInstance());
    say(
        "S",
        "O",
        "DecisionService.Dismiss",
        DismissRequest.newBuilder()
            .setAttempt(attempt(2))
            .setOwner(Choice.CHOICE_DESTINATION)
            .build());
    say("O", "S", "DecisionService.Dismiss", DismissResponse.getDefaultInstance());
  }

  private void open(String to, long epoch, List<String> contributors, long held) {
    OpenRequest.Builder request =
        OpenRequest.newBuilder()
            .setAttempt(attempt(epoch))
            .addVersions(1)
            .addRequiredCapabilities("guest.synthetic")
            .setGuestName("web-1")
            .setDigestAlgorithm(DigestAlgorithm.DIGEST_ALGORITHM_CRC64)
            .setLeaseMs(30_000);
    contributors.forEach(each -> request.addContributors(peer(each)));
    say("S", to, "DestinationService.Open", request.build());
    say(
        to,
        "S",
        "DestinationService.Open",
        OpenResponse.newBuilder().setVersion(1).setHeldPages(held).build());
  }

  private void metadata(String to, long epoch) {
    String call = "DestinationService.ResendMetadata";
    say(
        "S",
        to,
        call,
        ResendMetadataRequest.newBuilder()
            .setHeader(
                ResendMetadataRequest.Header.newBuilder()
                    .setAttempt(attempt(epoch))
                    .setRecordCount(2))
            .build(),
        record(
            MetadataRecord.newBuilder()
                .setGeometry(
                    Geometry.newBuilder()
                        .addBlocks(RamBlock.newBuilder().setName("ram").setSizeBytes(16384)))),
        record(
            MetadataRecord.newBuilder()
                .setGuest(
                    GuestDescription.newBuilder()
                        .setKind("synthetic")
                        .putProperties("seed", "1"))));
    say(to, "S", call, ResendMetadataResponse.getDefaultInstance());
  }

  private static ResendMetadataRequest record(MetadataRecord.Builder record) {
    return ResendMetadataRequest.newBuilder().setRecord(record).build();
  }

  private static AttemptRef attempt(long epoch) {
    return AttemptRef.newBuilder().setMigrationId(MIGRATION).setEpoch(epoch).build();
  }

  private static PeerRef peer(String identity) {
    return PeerRef.newBuilder().setIdentity(identity).build();
  }

  private static Extent extent(long first, long count) {
    return Extent.newBuilder().setFirstPage(first).setPageCount(count).build();
  }

  private static GenerationExtent held(long first, long count, int generation) {
    return GenerationExtent.newBuilder()
        .setExtent(extent(first, count))
        .setGeneration(generation)
        .build();
  }

  private static InventoryBatch batch(GenerationExtent... extents) {
    return InventoryBatch.newBuilder().addAllExtents(List.of(extents)).build();
  }

  private static SenderProgress sender(String identity, long bytes) {
    return SenderProgress.newBuilder()
        .setSender(peer(identity))
        .setAcceptedPages(2)
        .setPayloadBytes(bytes)
        .build();
  }

  private static TransferRequest transfer(long epoch) {
    return TransferRequest.newBuilder()
        .setOpen(TransferOpen.newBuilder().setAttempt(attempt(epoch)))
        .build();
  }

  private static TransferRequest zero(long first, long count, int generation) {
    return TransferRequest.newBuilder()
        .setChunk(
            PageChunk.newBuilder()
                .setFirstPage(first)
                .setPageCount(count)
                .setGeneration(generation))
        .build();
  }

  private static TransferRequest chunk(long first, int generation, byte[] payload) {
    CRC32C checksum = new CRC32C();
    checksum.update(payload);
    return TransferRequest.newBuilder()
        .setChunk(
            PageChunk.newBuilder()
                .setFirstPage(first)
                .setPageCount(payload.length / 4096)
                .setGeneration(generation)
                .setPayloadCrc32C((int) checksum.getValue())
                .setPayload(ByteString.copyFrom(payload)))
        .build();
  }

  private static TransferResponse acknowledged(long chunks) {
    return TransferResponse.newBuilder().setAcknowledgedChunks(chunks).build();
  }
}

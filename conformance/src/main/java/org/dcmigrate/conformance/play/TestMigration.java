package org.dcmigrate.conformance.play;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.pages.PageDigest;
import org.dcmigrate.protocol.wire.Wire;
import org.dcmigrate.v1.AbortRequest;
import org.dcmigrate.v1.AbortResponse;
import org.dcmigrate.v1.AttemptRef;
import org.dcmigrate.v1.DeleteGuestRequest;
import org.dcmigrate.v1.DestinationServiceGrpc;
import org.dcmigrate.v1.DestinationState;
import org.dcmigrate.v1.GetDestinationStatusRequest;
import org.dcmigrate.v1.GetDestinationStatusResponse;
import org.dcmigrate.v1.MetadataRecord;
import org.dcmigrate.v1.OpenRequest;
import org.dcmigrate.v1.OpenResponse;
import org.dcmigrate.v1.PageChunk;
import org.dcmigrate.v1.PeerServiceGrpc;
import org.dcmigrate.v1.ResendMetadataRequest;
import org.dcmigrate.v1.ResendMetadataResponse;
import org.dcmigrate.v1.TransferOpen;
import org.dcmigrate.v1.TransferRequest;
import org.dcmigrate.v1.TransferResponse;
import org.dcmigrate.v1.TransferServiceGrpc;

/**
 * One migration as the tester plays it: its attempt, and what the target has to hold. Steps with a
 * past participle as name check that they succeed.
 */
public final class TestMigration {
  private static final int LEASE_MS = 60_000;
  private static final int NAME_DIGITS = 12;

  private final Trial trial;
  private final PageDigest.Algorithm algorithm;
  private final String id = UUID.randomUUID().toString();
  private final String guestName = "dcm-conformance-" + id.substring(id.length() - NAME_DIGITS);
  private final Memory memory;
  private long epoch = 1;
  private boolean known;
  private boolean committed;

  TestMigration(Trial trial, PageDigest.Algorithm algorithm) {
    this.trial = trial;
    this.algorithm = algorithm;
    memory = new Memory(trial.guest().geometry(), algorithm);
  }

  /** Its id. */
  public String id() {
    return id;
  }

  /** The current epoch. */
  public long epoch() {
    return epoch;
  }

  /** Turns to another epoch; nothing is sent. */
  public TestMigration epoch(long other) {
    epoch = other;
    return this;
  }

  /** What the target has to hold. */
  public Memory memory() {
    return memory;
  }

  /** The current attempt. */
  public AttemptRef attempt() {
    return attempt(epoch);
  }

  /** An attempt of this migration. */
  public AttemptRef attempt(long ofEpoch) {
    return AttemptRef.newBuilder().setMigrationId(id).setEpoch(ofEpoch).build();
  }

  // ---- Handshake.

  /** A right Open of the current epoch. */
  public OpenRequest.Builder openRequest() {
    return OpenRequest.newBuilder()
        .setAttempt(attempt())
        .addVersions(1)
        .setGuestName(guestName)
        .setDigestAlgorithm(Wire.digest(algorithm))
        .setLeaseMs(LEASE_MS);
  }

  /** Sends an Open. A target that is full says nothing about the case. */
  public Answer<OpenResponse> open(OpenRequest request) {
    Answer<OpenResponse> answer = trial.call(DestinationServiceGrpc.getOpenMethod(), request);
    known |= answer.ending().isOk();
    if (answer.ending().infos().stream()
        .anyMatch(info -> info.getReason().equals(Reason.LIMIT_EXCEEDED.name()))) {
      throw new Inconclusive(
          "taken for granted: the target has room",
          new CheckFailed("Open", "room for a migration", answer.ending().toString()));
    }
    return answer;
  }

  /** Checks that an Open of the current epoch was taken. */
  public void opened(Answer<OpenResponse> answer) {
    known |= answer.ending().isOk();
    Expect.one("Open", answer);
    Expect.equal("state", DestinationState.DESTINATION_STATE_OPENED, state());
  }

  /** Opens the current epoch. */
  public void opened() {
    OpenResponse response = Expect.one("Open", open(openRequest().build()));
    Expect.equal("version in OpenResponse", 1, response.getVersion());
    Expect.equal("held_pages in OpenResponse", memory.heldPages(), response.getHeldPages());
    Expect.equal("state", DestinationState.DESTINATION_STATE_OPENED, state());
  }

  /** The right records. */
  public List<MetadataRecord> records() {
    return Wire.metadata(trial.guest().metadata());
  }

  /** A metadata batch of these records, with a right header. */
  public List<ResendMetadataRequest> batch(List<MetadataRecord> records) {
    return batch(records, records.size());
  }

  /** A metadata batch whose header announces another number of records. */
  public List<ResendMetadataRequest> batch(List<MetadataRecord> records, int announced) {
    return java.util.stream.Stream.concat(
            java.util.stream.Stream.of(metadataHeader(announced)),
            records.stream()
                .map(each -> ResendMetadataRequest.newBuilder().setRecord(each).build()))
        .toList();
  }

  /** The header of a metadata batch. */
  public ResendMetadataRequest metadataHeader(int announced) {
    return ResendMetadataRequest.newBuilder()
        .setHeader(
            ResendMetadataRequest.Header.newBuilder()
                .setAttempt(attempt())
                .setRecordCount(announced))
        .build();
  }

  /** Sends a metadata batch. */
  public Answer<ResendMetadataResponse> resend(List<ResendMetadataRequest> batch) {
    return trial.call(DestinationServiceGrpc.getResendMetadataMethod(), batch);
  }

  /** Sends the right metadata. */
  public void described() {
    Expect.one("ResendMetadata", resend(batch(records())));
    Expect.equal("state", DestinationState.DESTINATION_STATE_RECEIVING, state());
  }

  /** Opens the current epoch and sends the metadata. */
  public void receiving() {
    opened();
    described();
  }

  // ---- Pages.

  /** The first message of a transfer. */
  public TransferRequest transferOpen(long ofEpoch) {
    return TransferRequest.newBuilder()
        .setOpen(TransferOpen.newBuilder().setAttempt(attempt(ofEpoch)))
        .build();
  }

  /** A message with a chunk. */
  public static TransferRequest message(PageChunk chunk) {
    return TransferRequest.newBuilder().setChunk(chunk).build();
  }

  /** Makes a transfer of these chunks in the current epoch. */
  public Answer<TransferResponse> transfer(PageChunk... chunks) {
    return transfer(
        java.util.stream.Stream.concat(
                java.util.stream.Stream.of(transferOpen(epoch)),
                Arrays.stream(chunks).map(TestMigration::message))
            .toList());
  }

  /** Makes a transfer of these messages. */
  public Answer<TransferResponse> transfer(List<TransferRequest> messages) {
    return trial.call(TransferServiceGrpc.getTransferMethod(), messages);
  }

  /** Sends chunks; they have to be acknowledged. What is held from now on is noted. */
  public void stored(PageChunk... chunks) {
    acknowledged(transfer(chunks), chunks.length);
    Arrays.stream(chunks).forEach(memory::apply);
  }

  /** Sends all memory. */
  public void filled(int generation) {
    stored(Chunks.all(trial.guest().geometry(), generation).toArray(new PageChunk[0]));
  }

  /** Checks that a transfer ended well, with every chunk acknowledged. */
  public static void acknowledged(Answer<TransferResponse> answer, long chunks) {
    long before = 0;
    for (TransferResponse response : Expect.ok("Transfer", answer)) {
      long now = response.getAcknowledgedChunks();
      Expect.that(
          "acknowledged_chunks",
          now > before && now <= chunks,
          "more than %d and at most %d".formatted(before, chunks),
          Long.toUnsignedString(now));
      before = now;
    }
    Expect.equal("acknowledged_chunks at the end", chunks, before);
  }

  /** Checks that exactly what was stored is held: inventory, digests of segments, count. */
  public void holdsWhatWasStored() {
    Inventories.check(trial, this);
    Inventories.checkDigests(trial, this);
  }

  // ---- State.

  /** Asks for state and progress. */
  public Answer<GetDestinationStatusResponse> status() {
    return trial.call(
        DestinationServiceGrpc.getGetDestinationStatusMethod(),
        GetDestinationStatusRequest.newBuilder().setAttempt(attempt()).build());
  }

  /** The state, where the target tells one. */
  public DestinationState state() {
    return Expect.one("GetDestinationStatus", status()).getState();
  }

  /** Checks that the target does not know this migration, or has forgotten it. */
  public void unknown() {
    Expect.refused("GetDestinationStatus", status(), Reason.MIGRATION_UNKNOWN);
  }

  /** Gives the attempt up. */
  public Answer<AbortResponse> abort() {
    return trial.call(
        DestinationServiceGrpc.getAbortMethod(),
        AbortRequest.newBuilder().setAttempt(attempt()).build());
  }

  /** Name of the guest. */
  String guestName() {
    return guestName;
  }

  /** Notes that the guest is not at the target any more. */
  public void left() {
    committed = false;
    known = false;
  }

  /** Notes that the guest was given to the target. */
  public void committed() {
    committed = true;
  }

  /**
   * Has the target forget this migration, and the guest where it was committed; tells what stays.
   */
  Optional<String> cleanUp() {
    if (committed) {
      Ending deleted =
          trial
              .call(
                  PeerServiceGrpc.getDeleteGuestMethod(),
                  DeleteGuestRequest.newBuilder().setName(guestName).build())
              .ending();
      return deleted.isOk()
          ? Optional.empty()
          : Optional.of("guest " + guestName + " stays at the target: " + deleted);
    }
    if (known) {
      Ending aborted = abort().ending();
      return aborted.isOk()
          ? Optional.empty()
          : Optional.of("migration " + id + " may stay at the target: " + aborted);
    }
    return Optional.empty();
  }
}

package org.dcmigrate.conformance.mutants;

import com.google.protobuf.Message;
import io.grpc.netty.NettyServerBuilder;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.dcmigrate.conformance.mutants.FaultyPeer.Call;
import org.dcmigrate.conformance.mutants.FaultyPeer.Fault;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.transport.Security;
import org.dcmigrate.v1.GetDestinationStatusRequest;
import org.dcmigrate.v1.GetPeerResponse;
import org.dcmigrate.v1.Guest;
import org.dcmigrate.v1.GuestState;
import org.dcmigrate.v1.ListGuestsResponse;
import org.dcmigrate.v1.OpenRequest;
import org.dcmigrate.v1.OpenResponse;
import org.dcmigrate.v1.PageCompression;
import org.dcmigrate.v1.ResendMetadataRequest;

/** Destinations with one fault each in whom they admit, and in what they keep for how long. */
final class HolderMutants {
  private HolderMutants() {}

  static List<Mutant> all() {
    List<Mutant> all = new ArrayList<>();
    all.add(
        new Mutant(
            "tells anybody of a migration",
            "DCM-OPN-003",
            "admission/destination/other-peer",
            "IDENTITY_NOT_ADMITTED",
            Faults.accepting("GetInventory", "IDENTITY_NOT_ADMITTED")));
    Fault boasting =
        Faults.response(
            GetPeerResponse.class, told -> told.toBuilder().addCapabilities("guest.qemu").build());
    all.add(
        new Mutant(
            "names what it was not said to do",
            "DCM-CNF-001",
            "capabilities/any/as-declared",
            "capabilities in GetPeer",
            boasting));
    all.add(
        new Mutant(
            "names what it refuses",
            "DCM-CNF-001",
            "capabilities/destination/named",
            "CAPABILITY_MISSING",
            boasting));
    all.add(
        new Mutant(
            "serves strangers",
            "DCM-SEC-007",
            "admission/any/stranger",
            "IDENTITY_NOT_ADMITTED",
            Faults.accepting("GetPeer", "IDENTITY_NOT_ADMITTED")));
    all.add(
        new Mutant(
            "does not ask who calls",
            "DCM-TRN-003",
            "admission/any/nameless",
            "IDENTITY_INVALID",
            new AsksNobody()));
    all.add(
        new Mutant(
            "opens beyond its limit",
            "DCM-OPN-004",
            "admission/destination/full",
            "GetDestinationStatus",
            Faults.accepting("Open", "LIMIT_EXCEEDED")));
    all.add(
        new Mutant(
            "knows no leases",
            "DCM-LSE-003",
            "lease/destination/ends",
            "end of the lease",
            lease(60_000)));
    all.add(
        new Mutant(
            "does not renew leases",
            "DCM-LSE-002",
            "lease/destination/renewed",
            "GetDestinationStatus",
            new NeverRenews()));
    all.add(
        new Mutant(
            "runs two guests of one name",
            "DCM-MTA-009",
            "guests/destination/name-taken",
            "GUEST_EXISTS",
            Faults.accepting("ResendMetadata", "GUEST_EXISTS")));
    all.add(
        new Mutant(
            "runs the guest once it is loaded",
            "DCM-SWO-005",
            "guests/destination/runs-after-commit",
            "before the commit",
            new RunsEarly()));
    all.add(
        new Mutant(
            "chooses the highest version of the future",
            "DCM-VER-007",
            "handshake/destination/version-among-others",
            "version chosen",
            Faults.response(OpenResponse.class, open -> open.toBuilder().setVersion(7).build())));
    all.add(
        new Mutant(
            "takes a frame that holds less than it says",
            "DCM-XFR-016",
            "pages/destination/compressed-cut",
            "CHECKSUM_MISMATCH",
            Faults.chunk(
                chunk ->
                    chunk.getCompression() == PageCompression.PAGE_COMPRESSION_ZSTD
                        ? chunk.toBuilder().clearCompression().clearPayload().build()
                        : chunk)));
    all.add(
        new Mutant(
            "takes the last record for the end of the metadata",
            "DCM-MTA-005",
            "path/destination/metadata-cut",
            "state",
            new Fault() {
              @Override
              public boolean ends(Call call, Message message) {
                return message instanceof ResendMetadataRequest
                    && call.first() instanceof ResendMetadataRequest first
                    && call.requests() == first.getHeader().getRecordCount() + 1;
              }
            }));
    all.add(
        new Mutant(
            "loses chunks on a slow path",
            "DCM-XFR-007",
            "path/destination/delay",
            "inventory",
            Faults.dropping(chunk -> chunk.getFirstPage() == 160)));
    all.add(
        new Mutant(
            "takes headers of any length",
            "DCM-ERR-008",
            "raw/any/headers-too-long",
            "anything but OK",
            new TakesLongHeaders()));
    all.add(
        new Mutant(
            "forgets what it refuses",
            "DCM-ERR-006",
            "grid/holder/receiving-relay-asked",
            "after the refusal",
            new ForgetsWhatItRefuses()));
    return all;
  }

  private static Fault lease(int ms) {
    return Faults.request(OpenRequest.class, open -> open.toBuilder().setLeaseMs(ms).build());
  }

  /** Takes calls that do not say who makes them for the tester's. */
  private static final class AsksNobody implements Fault {
    @Override
    public NettyServerBuilder listens(Security front) {
      return NettyServerBuilder.forAddress(
          new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    }
  }

  private static final class TakesLongHeaders implements Fault {
    private static final int BYTES = 64 << 10;

    @Override
    public NettyServerBuilder listens(Security front) throws DcmException {
      return Fault.super.listens(front).maxInboundMetadataSize(BYTES);
    }
  }

  /** Answers status after the lease as a peer does that has forgotten. */
  private static final class NeverRenews implements Fault {
    private static final long LEASE_NS = 1_000_000_000;

    private volatile long startNs = System.nanoTime();

    @Override
    public List<Message> requests(Call call, Message message) {
      if (message instanceof OpenRequest) {
        startNs = System.nanoTime();
      }
      return message instanceof GetDestinationStatusRequest status
              && System.nanoTime() - startNs > LEASE_NS
          ? List.of(
              status.toBuilder()
                  .setAttempt(
                      status.getAttempt().toBuilder()
                          .setMigrationId("00000000-0000-4000-8000-000000000000"))
                  .build())
          : List.of(message);
    }
  }

  /** Says that every guest runs that was prepared. */
  private static final class RunsEarly implements Fault {
    private volatile String name = "";

    @Override
    public List<Message> requests(Call call, Message message) {
      if (message instanceof OpenRequest open) {
        name = open.getGuestName();
      }
      return List.of(message);
    }

    @Override
    public Optional<Message> response(Call call, Message message) {
      return Optional.of(
          message instanceof ListGuestsResponse guests
              ? guests.toBuilder()
                  .addGuests(
                      Guest.newBuilder().setName(name).setState(GuestState.GUEST_STATE_RUNNING))
                  .build()
              : message);
    }
  }

  /** Has seen a refused Relay, and knows the migration no more. */
  private static final class ForgetsWhatItRefuses implements Fault {
    private volatile boolean refused;

    @Override
    public List<Message> requests(Call call, Message message) {
      refused |= call.method().equals("Relay");
      return refused && message instanceof GetDestinationStatusRequest status
          ? List.of(
              status.toBuilder()
                  .setAttempt(
                      status.getAttempt().toBuilder()
                          .setMigrationId("00000000-0000-4000-8000-000000000000"))
                  .build())
          : List.of(message);
    }
  }
}

package org.dcmigrate.peer.source;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.dcmigrate.peer.client.PeerClient;
import org.dcmigrate.peer.config.Timeouts;
import org.dcmigrate.peer.guest.GuestSource.Event;
import org.dcmigrate.peer.guest.StoppedGuest;
import org.dcmigrate.peer.transfer.CompressionMode;
import org.dcmigrate.peer.transfer.EgressLimiter;
import org.dcmigrate.protocol.Attempt;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.MigrationId;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.RamBlock;
import org.dcmigrate.protocol.machine.SourceInput;
import org.dcmigrate.protocol.pages.PageDigest;
import org.dcmigrate.protocol.rate.Share;
import org.dcmigrate.v1.TransferRequest;
import org.dcmigrate.v1.TransferResponse;
import org.dcmigrate.v1.TransferServiceGrpc;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A guest that stands still until it was read, as QEMU's do, and a destination that takes nothing:
 * whenever the guest stops, it runs on where it is not to stop.
 */
@Timeout(60)
class PumpTest {
  private static final MigrationId MIGRATION = new MigrationId(new UUID(1, 2));
  private static final int PAGES = 1000;
  private static final Geometry GEOMETRY =
      new Geometry(List.of(new RamBlock("ram", (long) PAGES * Geometry.PAGE_BYTES)));

  // The destination is not given up while a test waits.
  private static final Timeouts PATIENT =
      new Timeouts(
          Duration.ofSeconds(30),
          Duration.ofSeconds(20),
          Duration.ofSeconds(5),
          Duration.ofSeconds(10),
          Duration.ofMinutes(10),
          Duration.ofSeconds(60),
          Duration.ofMinutes(10),
          Duration.ofSeconds(60));

  private final String name = UUID.randomUUID().toString();
  private final Server server =
      InProcessServerBuilder.forName(name).addService(new TakesNothing()).build();
  private final ManagedChannel channel = InProcessChannelBuilder.forName(name).build();
  private final UnreadGuest guest = new UnreadGuest(GEOMETRY);
  private final SourcePages pages = new SourcePages(GEOMETRY, PageDigest.Algorithm.CRC64);
  private final Told told = new Told();
  private final Pump pump =
      new Pump(
          guest,
          pages,
          PATIENT,
          CompressionMode.OFF,
          new EgressLimiter(0, System::nanoTime)
              .open(
                  new EgressLimiter.Owner(MIGRATION, "vm", EgressLimiter.Role.SOURCE),
                  Share.NORMAL),
          told);

  @BeforeEach
  void start() throws Exception {
    server.start();
    pump.start("vm");
  }

  @AfterEach
  void stop() {
    pump.close();
    pump.awaitEnd();
    pages.close();
    channel.shutdownNow();
    server.shutdownNow();
  }

  @Test
  void aGuestThatStopsAfterItWasHeldBackRunsOn() throws Exception {
    transfer();
    pump.letStop();
    guest.await("letStop");
    pump.holdBack();
    guest.await("holdBack");
    // Nobody calls the pump now: it waits for the destination to take a page, or for a word.
    guest.stop(PAGES);
    guest.await("ran on");
  }

  @Test
  void aGuestThatIsHeldBackTooLateRunsOn() throws Exception {
    transfer();
    pump.letStop();
    guest.await("letStop");
    guest.stop(PAGES);
    pump.holdBack();
    guest.await("resume");
    assertThat(told.ranOn.poll(10, TimeUnit.SECONDS)).isNotNull();
  }

  @Test
  void aGuestThatStopsWithoutADestinationRunsOn() throws Exception {
    pump.letStop();
    guest.await("letStop");
    guest.stop(PAGES);
    pump.holdBack();
    guest.await("resume");
  }

  @Test
  void leaveToStopComesWhenItRunsOn() throws Exception {
    guest.stop(PAGES);
    pump.letStop();
    assertThat(guest.await("letStop")).containsSubsequence("ran on", "letStop");
  }

  @Test
  void versionsStandStillWhenSendingHasEnded() throws Exception {
    transfer();
    pump.letStop();
    guest.await("letStop");
    // So many that the next command comes while they are read.
    guest.stop(20 * PAGES);
    pump.holdBack();
    pump.stopSending(1);
    assertThat(guest.unread()).isZero();
    assertThat(guest.await("resume")).contains("holdBack");
  }

  private void transfer() throws Exception {
    pump.startTransfer(
        new Attempt(MIGRATION, 1),
        new PeerClient(new PeerId("spiffe://test/peer/b"), channel),
        0,
        Map.of());
    assertThat(told.planned.poll(10, TimeUnit.SECONDS)).isNotNull();
  }

  private static final class TakesNothing extends TransferServiceGrpc.TransferServiceImplBase {
    @Override
    public StreamObserver<TransferRequest> transfer(StreamObserver<TransferResponse> out) {
      ((ServerCallStreamObserver<TransferResponse>) out).disableAutoRequest();
      return new StreamObserver<>() {
        @Override
        public void onNext(TransferRequest value) {}

        @Override
        public void onError(Throwable broken) {}

        @Override
        public void onCompleted() {}
      };
    }
  }

  private static final class Told implements Pump.Listener {
    private final BlockingQueue<Long> planned = new LinkedBlockingQueue<>();
    private final BlockingQueue<Boolean> ranOn = new LinkedBlockingQueue<>();

    @Override
    public void happened(SourceInput input) {}

    @Override
    public void passEnded(int pass, long dirtyPages) {}

    @Override
    public void read(long pageCount) {}

    @Override
    public void wrote(OptionalLong dirtyPagesPerSecond, long tookNs) {}

    @Override
    public void sent(long contentBytes, long wireBytes) {}

    @Override
    public void planned(long epoch, double fraction, List<PeerId> relaying) {
      planned.add(epoch);
    }

    @Override
    public void tookOver(PeerId from) {}

    @Override
    public void stopped(Event.Stopped guest) {}

    @Override
    public void ranOn() {
      ranOn.add(true);
    }

    @Override
    public void sealed(StoppedGuest guest) {}

    @Override
    public void madeUpAt(PeerId destination, long lastEpoch) {}
  }
}

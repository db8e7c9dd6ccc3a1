package org.dcmigrate.peer.guest.synthetic;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.dcmigrate.peer.guest.Guest;
import org.dcmigrate.peer.guest.GuestSource;
import org.dcmigrate.peer.guest.StoppedGuest;
import org.dcmigrate.peer.memory.GuestHome;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.GuestMetadata;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.Text;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A guest inside the peer: memory in a {@link GuestHome}, and a thread that writes into it. It ends
 * with its peer.
 */
public final class SyntheticGuest implements Guest {
  /** The kind of these guests. */
  public static final String KIND = "synthetic";

  private static final Logger LOG = LoggerFactory.getLogger(SyntheticGuest.class);

  private final String name;
  private final SyntheticSpec spec;
  private final GuestHome home;
  private final Writer writer;
  private volatile long expectedBytesPerSecond;
  private boolean inMigration;
  private boolean gone;

  SyntheticGuest(String name, SyntheticSpec spec, GuestHome home, WriterState state) {
    this.name = name;
    this.spec = spec;
    this.home = home;
    writer = new Writer(name, spec, home, state);
  }

  /**
   * Makes a guest and sets it running.
   *
   * @param homeDirectory which does not exist yet; it is deleted when the guest leaves
   * @throws DcmException LIMIT_EXCEEDED when there is not enough space
   */
  public static SyntheticGuest create(String name, SyntheticSpec spec, Path homeDirectory)
      throws DcmException {
    if (homeDirectory.toFile().exists()) {
      throw new DcmException(
          Reason.GUEST_EXISTS, homeDirectory + " must not exist yet; delete it or use another one");
    }
    GuestHome home = GuestHome.open(homeDirectory, spec.geometry());
    fill(spec, home);
    SyntheticGuest guest =
        new SyntheticGuest(name, spec, home, new WriterState(PageContent.mix(spec.seed()), 0));
    guest.start();
    return guest;
  }

  private static void fill(SyntheticSpec spec, GuestHome home) {
    long index = 0;
    for (int block = 0; block < home.geometry().blocks().size(); block++) {
      MemorySegment memory = home.memory(block);
      for (long at = 0; at < memory.byteSize(); at += Geometry.PAGE_BYTES) {
        if (!PageContent.startsAsZero(spec, index)) {
          PageContent.write(memory, at, spec, index, 1);
        }
        index++;
      }
    }
  }

  @Override
  public String name() {
    return name;
  }

  /** What it is like. */
  public SyntheticSpec spec() {
    return spec;
  }

  @Override
  public Info info() {
    Map<String, String> details = new TreeMap<>(spec.properties());
    details.put("writes", Long.toString(writer.state().writes()));
    return new Info(
        KIND, writer.isRunning() ? State.RUNNING : State.PAUSED, spec.memoryBytes(), details);
  }

  /**
   * Makes the guest judge by this bandwidth, not by the one measured, whether what is left fits
   * into the downtime limit; 0: measured.
   */
  public void expectBandwidth(long bytesPerSecond) {
    expectedBytesPerSecond = bytesPerSecond;
  }

  @Override
  public synchronized GuestSource beginMigration(Duration downtimeLimit) throws DcmException {
    if (gone) {
      throw new DcmException(Reason.GUEST_FAILED, "guest " + Text.quote(name) + " has left");
    }
    if (inMigration) {
      throw new DcmException(
          Reason.GUEST_BUSY, "guest " + Text.quote(name) + " is in a migration already");
    }
    inMigration = true;
    return new SyntheticSource(this, home, writer, downtimeLimit, System::nanoTime);
  }

  @Override
  public StoppedGuest recover(boolean paused) throws DcmException {
    throw lostWithItsPeer(name);
  }

  /**
   * Checks that each page is what the guest wrote there last, and that the versions of all pages
   * together count all writes. The guest stands still meanwhile.
   *
   * @return what is wrong first, if anything is
   */
  public Optional<String> check() {
    return writer.still(this::fault).orElseGet(() -> Optional.of("the guest has left"));
  }

  /** How many pages the guest has written in its life. */
  public long writes() {
    return writer.state().writes();
  }

  /** Ends the guest and deletes its home. */
  public void quit() {
    synchronized (this) {
      if (gone) {
        return;
      }
      gone = true;
    }
    writer.end();
    home.close();
    try {
      GuestHome.delete(home.directory());
    } catch (IOException failed) {
      LOG.warn("{} cannot be deleted and stays: {}", home.directory(), failed.toString());
    }
  }

  static DcmException lostWithItsPeer(String name) {
    return new DcmException(
        Reason.GUEST_FAILED,
        "guest %s was synthetic: it lived inside its peer and ended with it; create it anew"
            .formatted(Text.quote(name)));
  }

  void start() {
    writer.start();
  }

  Writer writer() {
    return writer;
  }

  GuestMetadata metadata() {
    return new GuestMetadata(KIND, spec.geometry(), spec.properties(), new byte[0]);
  }

  long expectedBytesPerSecond() {
    return expectedBytesPerSecond;
  }

  synchronized void migrationEnded() {
    inMigration = false;
  }

  void read(int block, long firstPage, int pageCount, MemorySegment into) {
    MemorySegment.copy(
        home.memory(block),
        firstPage * Geometry.PAGE_BYTES,
        into,
        0,
        (long) pageCount * Geometry.PAGE_BYTES);
  }

  StoppedGuest stopped() {
    return new Stopped();
  }

  private Optional<String> fault(WriterState state) {
    long index = 0;
    long written = 0;
    for (int block = 0; block < home.geometry().blocks().size(); block++) {
      MemorySegment memory = home.memory(block);
      for (long at = 0; at < memory.byteSize(); at += Geometry.PAGE_BYTES) {
        Optional<String> fault = PageContent.fault(memory, at, spec, index);
        if (fault.isPresent()) {
          return fault;
        }
        written +=
            PageContent.version(memory, at) - (PageContent.startsAsZero(spec, index) ? 0 : 1);
        index++;
      }
    }
    return written == state.writes()
        ? Optional.empty()
        : Optional.of("%d writes were done, but %d are there".formatted(state.writes(), written));
  }

  private final class Stopped implements StoppedGuest {
    @Override
    public void resume() {
      migrationEnded();
      writer.start();
    }

    @Override
    public void quit() {
      SyntheticGuest.this.quit();
    }

    @Override
    public boolean isThere() {
      return true;
    }

    @Override
    public void read(int block, long firstPage, int pageCount, MemorySegment into) {
      SyntheticGuest.this.read(block, firstPage, pageCount, into);
    }
  }
}

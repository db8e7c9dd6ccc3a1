package org.dcmigrate.peer.guest;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Extent;
import org.dcmigrate.protocol.GuestMetadata;

/**
 * The source's side of a guest in migration. One thread calls it, except {@link #close}.
 *
 * <p>The guest decides in which order its pages come, and marks a page clean before it reads it: a
 * page that is written afterwards comes again. It stops itself once {@link #letStop} was called and
 * little enough is left; before that it never stops for the migration, however slowly it is read.
 */
public interface GuestSource extends AutoCloseable {
  /** What destinations must know first. Constant over the migration. */
  GuestMetadata metadata();

  /**
   * The next thing that the guest has to say; {@link Event.Idle} when there is nothing within
   * {@code patience}, which is always so while the guest holds back its completion.
   *
   * @throws DcmException GUEST_FAILED; the guest then goes on running at the source where it can
   */
  Event next(Duration patience) throws DcmException;

  /**
   * Reads pages as they are in the guest's memory now. A page that the guest writes meanwhile may
   * be torn; it comes again from {@link #next}.
   *
   * @param into at least {@code pageCount} * 4096 bytes
   */
  void read(int block, long firstPage, int pageCount, MemorySegment into) throws DcmException;

  /**
   * Tells the pages that the guest has written since {@link #next} gave them, as far as that is
   * known before they come again; a guest that tells nothing is right, too. In ascending order.
   */
  void written(Consumer<Extent> each) throws DcmException;

  /**
   * Has {@link #next} give what was written meanwhile once more, without leave to stop. Does
   * nothing where {@link #written} tells nothing.
   */
  void anotherPass() throws DcmException;

  /** Sets how long the guest may stand still, from now on; at least 1 ms. */
  void limitDowntime(Duration limit) throws DcmException;

  /**
   * How many clean pages the guest makes dirty in a second, as its own means count it; empty as
   * long as they do not tell.
   */
  OptionalLong dirtyPagesPerSecond();

  /** Lets the guest stop by itself when it expects to stand still no longer than its limit. */
  void letStop() throws DcmException;

  /**
   * Takes {@link #letStop} back, as before its first call. A guest that has stopped by itself runs
   * on at once, and goes on emitting, where it can; else its {@link Event.Stopped} still comes.
   */
  void holdBack() throws DcmException;

  /**
   * Whether the guest stands still until {@link #next} has given all that it has left to say: then
   * comes its {@link Event.Stopped}, or one that stopped without leave runs on.
   */
  boolean standsStillUnread();

  /**
   * Only after {@link Event.Stopped}: gives the guest away. When this returns, the guest does not
   * resume by itself, whatever happens to this peer.
   *
   * @throws DcmException GUEST_FAILED; the guest then runs on here, as after {@link #resume}
   */
  StoppedGuest seal() throws DcmException;

  /**
   * Only after {@link Event.Stopped} and before {@link #seal}: the guest runs on, and emits all its
   * memory anew from {@link #next}. Takes {@link #letStop} back.
   */
  void resume() throws DcmException;

  /**
   * Ends the migration. A guest that was not sealed runs on here. Can be called at any time, by any
   * thread, more than once; a running {@link #next} ends soon.
   */
  @Override
  void close();

  /** What a guest in migration says. Payloads stay valid until the next call. */
  sealed interface Event {
    /** Pages with content; neighbouring, 1 to 64 of them. */
    record Pages(int block, long firstPage, int pageCount, MemorySegment payload)
        implements Event {}

    /** Pages that are all zero; neighbouring. */
    record ZeroPages(int block, long firstPage, long pageCount) implements Event {}

    /**
     * All memory was gone through once; from now on come pages written meanwhile.
     *
     * @param pass 1, 2 and so on; a source that begins anew counts on
     */
    record PassEnded(int pass, long dirtyPages) implements Event {}

    /** Nothing within the time given. */
    record Idle() implements Event {}

    /**
     * The guest stands still, all its pages were emitted; this is the rest of its state.
     *
     * @param stoppedAtNs {@link System#nanoTime} at the moment the guest stopped
     * @param ran whether it ran until then; false where its operator had paused it
     */
    record Stopped(byte[] deviceState, long stoppedAtNs, boolean ran) implements Event {}
  }
}

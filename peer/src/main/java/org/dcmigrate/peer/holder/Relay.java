package org.dcmigrate.peer.holder;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.dcmigrate.peer.client.PeerClient;
import org.dcmigrate.peer.config.Timeouts;
import org.dcmigrate.peer.memory.PageStore;
import org.dcmigrate.peer.transfer.CompressionMode;
import org.dcmigrate.peer.transfer.EgressFlow;
import org.dcmigrate.peer.transfer.EgressLimiter;
import org.dcmigrate.peer.transfer.TransferSender;
import org.dcmigrate.protocol.Attempt;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Extent;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.pages.PageSet;
import org.dcmigrate.protocol.rate.Share;
import org.dcmigrate.protocol.wire.TransferMessage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sends the pages that this old destination was asked for to the new one, in ascending order. */
final class Relay {
  /** What becomes of a relay. */
  interface Listener {
    void finished();

    void broke(Failure failure);
  }

  private static final Logger LOG = LoggerFactory.getLogger(Relay.class);
  private static final int CHUNK_PAGES = 64;
  private static final Duration REACH = Duration.ofSeconds(3);

  private final Attempt attempt;
  private final PageStore store;
  private final PageSet waiting;
  private final String guest;
  private final CompressionMode compression;
  private final AtomicLong relayedPages = new AtomicLong();
  private final AtomicLong payloadBytes = new AtomicLong();
  private Share share;
  private Optional<EgressFlow> flow = Optional.empty();
  private Optional<TransferSender> sender = Optional.empty();
  private Optional<Thread> thread = Optional.empty();
  private Extent cursor = new Extent(0, 0, 1);
  private boolean stopped;

  Relay(
      Attempt attempt,
      String guest,
      PageStore store,
      PageSet waiting,
      Share share,
      CompressionMode compression) {
    this.compression = compression;
    this.attempt = attempt;
    this.guest = guest;
    this.store = store;
    this.waiting = waiting;
    this.share = share;
  }

  /** Changes how fast the relay may be, while it runs. */
  synchronized void change(Share now) {
    if (!now.equals(share)) {
      share = now;
      flow.ifPresent(open -> open.change(_ -> now));
    }
  }

  synchronized long waitingPages() {
    return waiting.count();
  }

  long relayedPages() {
    return relayedPages.get();
  }

  long payloadBytes() {
    return payloadBytes.get();
  }

  /** Takes pages off the relay; gives how many were still waiting. */
  synchronized long skip(List<Extent> extents) {
    long before = waiting.count();
    extents.forEach(waiting::remove);
    return before - waiting.count();
  }

  /** Starts sending on a thread of its own. */
  synchronized void start(
      PeerClient to, EgressLimiter egress, Timeouts timeouts, Listener listener) {
    if (stopped) {
      return;
    }
    thread =
        Optional.of(
            Thread.ofPlatform()
                .name("relay-" + attempt)
                .daemon(true)
                .start(() -> run(to, egress, timeouts, listener)));
  }

  /** Ends the relay; when this returns, it no longer reads memory. */
  void stop() {
    Optional<Thread> running;
    synchronized (this) {
      stopped = true;
      sender.ifPresent(TransferSender::cancel);
      running = thread;
    }
    if (running.isPresent() && running.get() != Thread.currentThread()) {
      running.get().interrupt();
      joinUninterruptibly(running.get());
    }
  }

  private void run(PeerClient to, EgressLimiter egress, Timeouts timeouts, Listener listener) {
    // Old and new destination may never have spoken before.
    to.reach(REACH);
    try (EgressFlow own = openFlow(egress);
        TransferSender out =
            TransferSender.open(to.channel(), attempt, own, timeouts.sendStall(), compression)) {
      synchronized (this) {
        if (stopped) {
          return;
        }
        sender = Optional.of(out);
      }
      for (Optional<Extent> next = take(); next.isPresent(); next = take()) {
        for (TransferMessage.Chunk chunk : store.chunks(next.get())) {
          out.send(chunk);
          relayedPages.addAndGet(chunk.pageCount());
          payloadBytes.addAndGet(chunk.contentBytes());
        }
      }
      out.finish(timeouts.sendStall());
      listener.finished();
    } catch (DcmException failed) {
      listener.broke(failed.failure());
    } catch (RuntimeException defect) {
      LOG.error("the relay of {} ends by a defect of this peer", attempt, defect);
      listener.broke(
          new Failure(Reason.INTERNAL, "a defect of this peer; its log has the details"));
    }
  }

  private synchronized EgressFlow openFlow(EgressLimiter egress) {
    EgressFlow own =
        egress.open(
            new EgressLimiter.Owner(attempt.migration(), guest, EgressLimiter.Role.CONTRIBUTOR),
            share);
    flow = Optional.of(own);
    return own;
  }

  private synchronized Optional<Extent> take() {
    if (stopped) {
      return Optional.empty();
    }
    // Ascending, and nothing is ever added: what lies before the cursor is done.
    Optional<Extent> next = waiting.nextRun(cursor.block(), cursor.firstPage(), CHUNK_PAGES);
    next.ifPresent(
        extent -> {
          waiting.remove(extent);
          cursor = extent;
        });
    return next;
  }

  private static void joinUninterruptibly(Thread thread) {
    boolean interrupted = false;
    while (true) {
      try {
        thread.join();
        break;
      } catch (InterruptedException again) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}

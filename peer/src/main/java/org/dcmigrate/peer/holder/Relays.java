package org.dcmigrate.peer.holder;

import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.dcmigrate.peer.memory.PageStore;
import org.dcmigrate.protocol.Attempt;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Extent;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.machine.HolderInput;
import org.dcmigrate.protocol.machine.HolderOutput;
import org.dcmigrate.protocol.machine.HolderState;
import org.dcmigrate.protocol.pages.PageSet;
import org.dcmigrate.protocol.rate.Share;

/**
 * The relays of one holder: the one that a call has asked for and the machine has yet to accept,
 * and the one that runs or ran last. All calls are made under the holder's lock.
 */
final class Relays {
  private final HolderContext context;
  private final Consumer<HolderInput> later;
  private Optional<Relay> asked = Optional.empty();
  private Optional<Relay> current = Optional.empty();

  /**
   * No relay yet.
   *
   * @param later takes what becomes of a relay, and must not wait for the holder's lock: who stops
   *     a relay has it and waits for the relay's thread
   */
  Relays(HolderContext context, Consumer<HolderInput> later) {
    this.context = context;
    this.later = later;
  }

  /** Readies a relay of those named pages that are held; gives their number. */
  long ask(Attempt attempt, String guest, PageStore store, PageSet named, Share share) {
    PageSet waiting = store.heldOf(named);
    asked = Optional.of(new Relay(attempt, guest, store, waiting, share, context.compression()));
    return waiting.count();
  }

  /** Starts the relay that was asked for. */
  void start(HolderOutput.StartRelay start) {
    Relay running = asked.orElseThrow();
    current = asked;
    try {
      running.start(
          context.peers().client(start.to()),
          context.egress(),
          context.timeouts(),
          new Relay.Listener() {
            @Override
            public void finished() {
              later.accept(new HolderInput.RelayFinished(start.epoch()));
            }

            @Override
            public void broke(Failure failure) {
              later.accept(new HolderInput.RelayBroke(start.epoch(), failure));
            }
          });
    } catch (DcmException unknown) {
      later.accept(new HolderInput.RelayBroke(start.epoch(), unknown.failure()));
    }
  }

  /** Takes pages off the relay; gives how many were still waiting. */
  long skip(List<Extent> extents) {
    return current.map(running -> running.skip(extents)).orElse(0L);
  }

  /** Changes how fast the relay may be. */
  void change(Share share) {
    current.ifPresent(running -> running.change(share));
  }

  /** How the relay goes. */
  Holder.RelayProgress progress(HolderState state) {
    return current
        .map(
            running ->
                new Holder.RelayProgress(
                    state, running.waitingPages(), running.relayedPages(), running.payloadBytes()))
        .orElse(new Holder.RelayProgress(state, 0, 0, 0));
  }

  /** Ends the relay, of which nothing is told any more; it no longer reads memory after this. */
  void stop() {
    current.ifPresent(Relay::stop);
    current = Optional.empty();
  }
}

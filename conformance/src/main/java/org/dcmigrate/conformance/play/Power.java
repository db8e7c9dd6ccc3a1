package org.dcmigrate.conformance.play;

import io.grpc.ManagedChannel;
import io.grpc.Status;
import java.util.List;
import java.util.Optional;
import org.dcmigrate.conformance.adapter.Adapter;
import org.dcmigrate.conformance.v1.Description;
import org.dcmigrate.conformance.v1.Operation;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.v1.GetPeerRequest;
import org.dcmigrate.v1.PeerServiceGrpc;

/**
 * Ends the target in the middle of a case, and starts it again with what it left on disk. Needs an
 * adapter that can.
 */
public final class Power {
  private final Trial trial;
  private final Adapter adapter;
  private final boolean guestsOutlive;
  private final List<ManagedChannel> channels;
  private boolean on = true;

  private Power(
      Trial trial, Adapter adapter, boolean guestsOutlive, List<ManagedChannel> channels) {
    this.trial = trial;
    this.adapter = adapter;
    this.guestsOutlive = guestsOutlive;
    this.channels = channels;
  }

  /**
   * The power over a target.
   *
   * @param channels the ways to it, which are to find it again at once
   */
  static Power over(Trial trial, Optional<Adapter> adapter, List<ManagedChannel> channels) {
    if (adapter.isEmpty()) {
      throw new NotApplicable("only an adapter can kill and start the target");
    }
    try {
      Description description = adapter.get().describe();
      if (!description.getOperationsList().contains(Operation.OPERATION_CRASH)) {
        throw new NotApplicable("the adapter of the target has no Crash");
      }
      Power power = new Power(trial, adapter.get(), description.getGuestsOutliveCrash(), channels);
      return power;
    } catch (DcmException failed) {
      throw new IllegalStateException(failed.sentence(), failed);
    }
  }

  /** Whether a guest runs on without its peer, so that the peer has to find it again. */
  public boolean guestsOutlive() {
    return guestsOutlive;
  }

  /** Kills the target. */
  public void kill() {
    trial.transcript().note("adapter", "kills the target");
    on = false;
    ask(adapter::crash);
  }

  /** Stops the target in order. */
  public void stop() {
    trial.transcript().note("adapter", "stops the target");
    on = false;
    ask(adapter::stop);
  }

  /** Starts the target; it serves when this returns. */
  public void start() {
    trial.transcript().note("adapter", "starts the target");
    ask(adapter::start);
    on = true;
    channels.forEach(ManagedChannel::resetConnectBackoff);
    Expect.eventually(
        "the target answers after its start", trial.target().timeout(), this::answers);
  }

  /** Kills the target and starts it again. */
  public void restart() {
    kill();
    start();
  }

  private boolean answers() {
    return trial
            .target()
            .call(
                PeerServiceGrpc.getGetPeerMethod(),
                List.of(GetPeerRequest.getDefaultInstance()),
                new Transcript())
            .ending()
            .status()
            .getCode()
        != Status.Code.UNAVAILABLE;
  }

  /** What cleans up, and the next case, find the target running. */
  void leaveOn() {
    if (!on) {
      start();
    }
  }

  private interface Step {
    void run() throws DcmException;
  }

  private static void ask(Step step) {
    try {
      step.run();
    } catch (DcmException failed) {
      throw new IllegalStateException(failed.sentence(), failed);
    }
  }
}

package org.dcmigrate.conformance.adapter;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.dcmigrate.conformance.v1.AdapterRequest;
import org.dcmigrate.conformance.v1.AdapterResponse;
import org.dcmigrate.conformance.v1.CrashRequest;
import org.dcmigrate.conformance.v1.CreateGuestRequest;
import org.dcmigrate.conformance.v1.DescribeRequest;
import org.dcmigrate.conformance.v1.Description;
import org.dcmigrate.conformance.v1.InspectRequest;
import org.dcmigrate.conformance.v1.Memory;
import org.dcmigrate.conformance.v1.PauseRequest;
import org.dcmigrate.conformance.v1.PrepareRequest;
import org.dcmigrate.conformance.v1.StartRequest;
import org.dcmigrate.conformance.v1.StopRequest;
import org.dcmigrate.conformance.v1.WritePagesRequest;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.Text;

/**
 * The adapter of a peer under test, as the suite calls it. One request at a time; each waits for
 * its response, which an adapter that hangs does not keep from coming to an end.
 */
public final class Adapter implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  // The first start may build the peer.
  private static final Duration START_PATIENCE = Duration.ofMinutes(5);
  private static final Duration END_PATIENCE = Duration.ofSeconds(10);

  private final Process process;
  private final DataOutputStream requests;
  private final BlockingQueue<Arrival> arrivals = new LinkedBlockingQueue<>();

  private sealed interface Arrival {
    record Came(AdapterResponse response) implements Arrival {}

    record Ended(String why) implements Arrival {}
  }

  private Adapter(Process process) {
    this.process = process;
    requests = new DataOutputStream(process.getOutputStream());
    // Not a virtual thread: reading a pipe keeps its carrier, of which there are as many as cores.
    Thread.ofPlatform().daemon().name("adapter").start(this::read);
  }

  /**
   * Starts an adapter.
   *
   * @param command program and arguments
   * @param directory in which it runs
   * @throws DcmException FIELD_INVALID where the command cannot be run
   */
  public static Adapter start(List<String> command, Path directory) throws DcmException {
    try {
      return new Adapter(
          new ProcessBuilder(command)
              .directory(directory.toFile())
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start());
    } catch (IOException cannot) {
      throw new DcmException(
          Reason.FIELD_INVALID,
          "the adapter %s cannot be run: %s".formatted(Text.quote(command.getFirst()), cannot),
          cannot);
    }
  }

  /** Who the peer is. */
  public Description describe() throws DcmException {
    AdapterResponse response =
        ask(
            AdapterRequest.newBuilder().setDescribe(DescribeRequest.getDefaultInstance()).build(),
            PATIENCE);
    if (!response.hasDescription()) {
      throw odd("Describe", response);
    }
    return response.getDescription();
  }

  /** Sets the peer up. */
  public void prepare(PrepareRequest request) throws DcmException {
    done("Prepare", AdapterRequest.newBuilder().setPrepare(request).build(), PATIENCE);
  }

  /** Starts the peer; it serves when this returns. */
  public void start() throws DcmException {
    done(
        "Start",
        AdapterRequest.newBuilder().setStart(StartRequest.getDefaultInstance()).build(),
        START_PATIENCE);
  }

  /** Makes a guest that runs. */
  public void createGuest(CreateGuestRequest request) throws DcmException {
    done("CreateGuest", AdapterRequest.newBuilder().setCreateGuest(request).build(), PATIENCE);
  }

  /** Writes pages of a guest. */
  public void writePages(WritePagesRequest request) throws DcmException {
    done("WritePages", AdapterRequest.newBuilder().setWritePages(request).build(), PATIENCE);
  }

  /** Has a guest stand still or run on. */
  public void pause(PauseRequest request) throws DcmException {
    done("Pause", AdapterRequest.newBuilder().setPause(request).build(), PATIENCE);
  }

  /** Reads memory. */
  public Memory inspect(InspectRequest request) throws DcmException {
    AdapterResponse response =
        ask(AdapterRequest.newBuilder().setInspect(request).build(), PATIENCE);
    if (!response.hasMemory()) {
      throw odd("Inspect", response);
    }
    return response.getMemory();
  }

  /** Kills the peer. */
  public void crash() throws DcmException {
    done(
        "Crash",
        AdapterRequest.newBuilder().setCrash(CrashRequest.getDefaultInstance()).build(),
        PATIENCE);
  }

  /** Stops the peer. */
  public void stop() throws DcmException {
    done(
        "Stop",
        AdapterRequest.newBuilder().setStop(StopRequest.getDefaultInstance()).build(),
        PATIENCE);
  }

  private void done(String name, AdapterRequest request, Duration patience) throws DcmException {
    AdapterResponse response = ask(request, patience);
    if (!response.hasDone()) {
      throw odd(name, response);
    }
  }

  private synchronized AdapterResponse ask(AdapterRequest request, Duration patience)
      throws DcmException {
    Optional<Arrival> arrival;
    try {
      try {
        Frames.write(requests, request);
      } catch (IOException broken) {
        // It takes no more: what it said last, or that it has ended, comes by the other pipe.
      }
      arrival = Optional.ofNullable(arrivals.poll(patience.toNanos(), TimeUnit.NANOSECONDS));
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new DcmException(Reason.INTERNAL, "the tester was interrupted", interrupted);
    }
    if (arrival.isEmpty()) {
      // A late response would be taken for that to the next request.
      process.destroyForcibly();
      throw new DcmException(
          Reason.INTERNAL,
          "the adapter did not answer %s within %d s"
              .formatted(request.getRequestCase(), patience.toSeconds()));
    }
    return switch (arrival.get()) {
      case Arrival.Came came -> came.response();
      case Arrival.Ended ended -> {
        arrivals.add(ended);
        throw new DcmException(Reason.INTERNAL, "the adapter has ended: " + ended.why());
      }
    };
  }

  private void read() {
    try (DataInputStream in = new DataInputStream(process.getInputStream())) {
      for (Optional<AdapterResponse> next = Frames.read(in, AdapterResponse.parser());
          next.isPresent();
          next = Frames.read(in, AdapterResponse.parser())) {
        arrivals.add(new Arrival.Came(next.get()));
      }
      arrivals.add(new Arrival.Ended("it closed its output"));
    } catch (IOException broken) {
      arrivals.add(new Arrival.Ended(broken.toString()));
    }
  }

  private static DcmException odd(String request, AdapterResponse response) {
    return response.hasFailure()
        ? new DcmException(
            response.getFailure().getUnsupported() ? Reason.GUEST_UNSUPPORTED : Reason.INTERNAL,
            "the adapter on %s: %s".formatted(request, response.getFailure().getSentence()))
        : new DcmException(
            Reason.INTERNAL,
            "the adapter answered %s to %s".formatted(response.getResponseCase(), request));
  }

  /** Closes its input, which ends it and the peer. */
  @Override
  public void close() {
    try {
      requests.close();
      if (!process.waitFor(END_PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
        process.destroyForcibly();
      }
    } catch (IOException gone) {
      process.destroyForcibly();
    } catch (InterruptedException interrupted) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}

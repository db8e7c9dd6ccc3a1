package org.dcmigrate.conformance.play;

import io.grpc.BindableService;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.transport.CallerIdentity;
import org.dcmigrate.v1.AttemptRef;
import org.dcmigrate.v1.PageChunk;
import org.dcmigrate.v1.TransferRequest;
import org.dcmigrate.v1.TransferResponse;
import org.dcmigrate.v1.TransferServiceGrpc;

/**
 * The tester as the new destination of its own migrations, that a contributor under test relays to.
 * Takes what a case waits for and looks at the chunks, holds no guest.
 */
public final class RelayTarget {
  private final Map<AttemptRef, Relayed> expected = new ConcurrentHashMap<>();

  RelayTarget() {}

  /** Takes the relay of this attempt from now on. */
  public Relayed expect(AttemptRef attempt) {
    return expected.computeIfAbsent(attempt, key -> new Relayed());
  }

  /** A service that takes what is waited for, and passes all else on. */
  BindableService before(TransferServiceGrpc.TransferServiceImplBase others) {
    return new Service(others);
  }

  /** What came of the relay of one attempt, over all its transfers, and what is done to it. */
  public static final class Relayed {
    private final List<PageChunk> chunks = new ArrayList<>();
    private final List<PeerId> callers = new ArrayList<>();
    private boolean acknowledges = true;
    private boolean halfClosed;
    private boolean cut;
    private long tooMuch;
    private int refusedAfter = Integer.MAX_VALUE;
    private StatusRuntimeException refusal = Status.UNAVAILABLE.asRuntimeException();
    private Optional<StreamObserver<TransferResponse>> out = Optional.empty();

    private Relayed() {}

    /** Chunks are neither acknowledged nor is the call ended until they are let go. */
    public synchronized void holdBack() {
      acknowledges = false;
    }

    /** What was held back is acknowledged. */
    public synchronized void letGo() {
      acknowledges = true;
      if (!cut) {
        out.ifPresent(each -> each.onNext(acknowledgement()));
        if (halfClosed) {
          out.ifPresent(StreamObserver::onCompleted);
        }
      }
    }

    /** Ends each transfer with this once so many chunks have come. */
    public synchronized void refuseAfter(int count, StatusRuntimeException with) {
      refusedAfter = count;
      refusal = with;
    }

    /** Acknowledges so many chunks more than have come. */
    public synchronized void acknowledgeTooMuch(long more) {
      tooMuch = more;
    }

    /** The chunks that came, in their order. */
    public synchronized List<PageChunk> chunks() {
      return List.copyOf(chunks);
    }

    /** Bytes of pages that came. */
    public synchronized long payloadBytes() {
      return chunks.stream().mapToLong(chunk -> chunk.getPayload().size()).sum();
    }

    /** Who has begun a transfer; one entry for each. */
    public synchronized List<PeerId> callers() {
      return List.copyOf(callers);
    }

    /** Whether the contributor has said that all was sent. */
    public synchronized boolean halfClosed() {
      return halfClosed;
    }

    /** Whether the contributor has broken the transfer off. */
    public synchronized boolean cut() {
      return cut;
    }

    private TransferResponse acknowledgement() {
      return TransferResponse.newBuilder().setAcknowledgedChunks(chunks.size() + tooMuch).build();
    }

    private synchronized void begun(PeerId caller, StreamObserver<TransferResponse> answers) {
      callers.add(caller);
      out = Optional.of(answers);
    }

    private synchronized boolean came(PageChunk chunk, StreamObserver<TransferResponse> answers) {
      if (chunks.size() >= refusedAfter) {
        answers.onError(refusal);
        return false;
      }
      chunks.add(chunk);
      if (acknowledges) {
        answers.onNext(acknowledgement());
      }
      return true;
    }

    private synchronized void ended(StreamObserver<TransferResponse> answers) {
      halfClosed = true;
      if (acknowledges) {
        answers.onCompleted();
      }
    }

    private synchronized void brokenOff() {
      cut = true;
    }
  }

  private final class Service extends TransferServiceGrpc.TransferServiceImplBase {
    private final TransferServiceGrpc.TransferServiceImplBase others;

    Service(TransferServiceGrpc.TransferServiceImplBase others) {
      this.others = others;
    }

    @Override
    public StreamObserver<TransferRequest> transfer(StreamObserver<TransferResponse> out) {
      Incoming incoming = new Incoming(CallerIdentity.current(), out, others.transfer(out));
      // Of a call that was half-closed before it was broken off, nothing else tells; and without a
      // handler an answer to it is an exception.
      ((ServerCallStreamObserver<TransferResponse>) out).setOnCancelHandler(incoming::cancelled);
      return incoming;
    }
  }

  private final class Incoming implements StreamObserver<TransferRequest> {
    private final PeerId caller;
    private final StreamObserver<TransferResponse> out;
    private final StreamObserver<TransferRequest> otherwise;
    private Optional<Relayed> relayed = Optional.empty();
    private boolean begun;
    private boolean over;

    Incoming(
        PeerId caller,
        StreamObserver<TransferResponse> out,
        StreamObserver<TransferRequest> otherwise) {
      this.caller = caller;
      this.out = out;
      this.otherwise = otherwise;
    }

    @Override
    public void onNext(TransferRequest message) {
      if (over) {
        return;
      }
      boolean opens = !begun;
      begun = true;
      if (opens) {
        relayed = Optional.ofNullable(expected.get(message.getOpen().getAttempt()));
        relayed.ifPresent(each -> each.begun(caller, out));
      }
      if (relayed.isEmpty()) {
        otherwise.onNext(message);
      } else if (!opens) {
        over = !relayed.get().came(message.getChunk(), out);
      }
    }

    private void cancelled() {
      relayed.ifPresent(Relayed::brokenOff);
    }

    @Override
    public void onError(Throwable broken) {
      over = true;
      relayed.ifPresentOrElse(Relayed::brokenOff, () -> otherwise.onError(broken));
    }

    @Override
    public void onCompleted() {
      if (!over) {
        over = true;
        relayed.ifPresentOrElse(each -> each.ended(out), otherwise::onCompleted);
      }
    }
  }
}

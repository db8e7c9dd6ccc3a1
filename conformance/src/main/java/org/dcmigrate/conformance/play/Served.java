package org.dcmigrate.conformance.play;

import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.util.function.Consumer;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.wire.Errors;

/** How the services of played peers answer. */
final class Served {
  private Served() {}

  interface Work<A> {
    A answer() throws DcmException;
  }

  interface Step {
    void run() throws DcmException;
  }

  /** Answers with one message, or refuses. */
  static <A> void one(StreamObserver<A> out, Work<A> work) {
    try {
      out.onNext(work.answer());
      out.onCompleted();
    } catch (DcmException refused) {
      out.onError(Errors.toStatus(refused));
    } catch (StatusRuntimeException refused) {
      out.onError(refused);
    }
  }

  /** A stream of requests; what is refused ends it, and what comes after that is passed over. */
  abstract static class Stream<Q> implements StreamObserver<Q> {
    private final Consumer<Throwable> refuse;
    private boolean over;

    Stream(StreamObserver<?> out) {
      refuse = out::onError;
    }

    abstract void message(Q message) throws DcmException;

    abstract void halfClosed() throws DcmException;

    @Override
    public final void onNext(Q message) {
      step(() -> message(message));
    }

    @Override
    public final void onCompleted() {
      step(this::halfClosed);
    }

    @Override
    public void onError(Throwable brokenOff) {
      over = true;
    }

    private void step(Step step) {
      if (over) {
        return;
      }
      try {
        step.run();
      } catch (DcmException refused) {
        over = true;
        refuse.accept(Errors.toStatus(refused));
      }
    }
  }
}

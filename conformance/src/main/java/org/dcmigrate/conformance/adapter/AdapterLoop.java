package org.dcmigrate.conformance.adapter;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Optional;
import org.dcmigrate.conformance.v1.AdapterRequest;
import org.dcmigrate.conformance.v1.AdapterResponse;
import org.dcmigrate.conformance.v1.Failure;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Reason;

/** The side of the pipes on which an adapter is. */
final class AdapterLoop {
  private AdapterLoop() {}

  /** What an adapter does with a request. */
  interface Handler {
    AdapterResponse handle(AdapterRequest request) throws DcmException, IOException;
  }

  /** Answers requests until there are no more. */
  static void run(InputStream in, OutputStream out, Handler handler) throws IOException {
    DataInputStream requests = new DataInputStream(in);
    DataOutputStream responses = new DataOutputStream(out);
    for (Optional<AdapterRequest> next = Frames.read(requests, AdapterRequest.parser());
        next.isPresent();
        next = Frames.read(requests, AdapterRequest.parser())) {
      Frames.write(responses, answer(handler, next.get()));
    }
  }

  private static AdapterResponse answer(Handler handler, AdapterRequest request) {
    try {
      return handler.handle(request);
    } catch (DcmException failed) {
      return failure(failed.reason() == Reason.GUEST_UNSUPPORTED, failed.sentence());
    } catch (IOException failed) {
      return failure(false, failed.toString());
    }
  }

  private static AdapterResponse failure(boolean unsupported, String sentence) {
    return AdapterResponse.newBuilder()
        .setFailure(Failure.newBuilder().setUnsupported(unsupported).setSentence(sentence))
        .build();
  }
}

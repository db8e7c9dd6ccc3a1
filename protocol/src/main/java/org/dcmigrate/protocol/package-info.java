/** The words of the protocol as values: migrations, epochs, peers, guest memory, errors. */
@NullMarked
package org.dcmigrate.protocol;

import org.jspecify.annotations.NullMarked;

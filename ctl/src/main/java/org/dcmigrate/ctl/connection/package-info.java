/** Which peer to call, as whom and how: from options, environment and contexts. */
@NullMarked
package org.dcmigrate.ctl.connection;

import org.jspecify.annotations.NullMarked;

<?php
// The FreePBX module of agi-app: inbound routes ask agi-app about a call before it rings.
namespace FreePBX\modules;

/**
 * Which routes ask is kept in the table agiapp_routes; token and address of agi-app in the module's settings.
 *
 * The dialplan is agi-app's own file, dialplan/extensions_agi_app_screen.conf, which lies beside this one. It is read when
 * FreePBX writes its configuration, and added by FreePBX's own functions: no file of FreePBX or of Asterisk is changed.
 */
class Agiapp extends \FreePBX_Helpers implements \BMO
{
	const DIALPLAN = '/extensions_agi_app_screen.conf';
	const ADDRESS = '127.0.0.1:4573';
	const TOKEN = '/^[A-Za-z0-9_.~+\/=-]{16,200}$/D';
	const HOST = '/^[A-Za-z0-9.-]{1,253}:[0-9]{1,5}$/D';

	public function install()
	{
	}

	public function uninstall()
	{
	}

	public function backup()
	{
	}

	public function restore($backup)
	{
	}

	/** What the settings page has sent; a fault is kept for the page. */
	public function doConfigPageInit($page)
	{
		if (!isset($_POST['agiapp_token'], $_POST['agiapp_address'])) {
			return;
		}
		$token = trim($_POST['agiapp_token']);
		$address = trim($_POST['agiapp_address']) ?: self::ADDRESS;
		$faults = $this->faults($token, $address);
		if (!$faults) {
			if ($token !== '') { // an empty field keeps the one that is not shown
				$this->setConfig('token', $token);
			}
			$this->setConfig('address', $address);
			needreload();
		}
		$this->setConfig('faults', $faults);
	}

	/** What is wrong with them, in words. */
	public function faults($token, $address)
	{
		$found = array();
		if ($token !== '' && !preg_match(self::TOKEN, $token)) {
			$found[] = _('Token: write that of the setting [agi] token of agi-app, 16 to 200 letters, digits and . _ ~ + / = -');
		}
		if (!preg_match(self::HOST, $address)) {
			$found[] = _('Address: write HOST:PORT, as 127.0.0.1:4573');
		}
		return $found;
	}

	public function getActionBar($request)
	{
		if (!isset($request['display']) || $request['display'] !== 'agiapp') {
			return array();
		}
		return array('submit' => array('name' => 'submit', 'id' => 'submit', 'value' => _('Submit')));
	}

	/** The settings page. */
	public function showPage()
	{
		$faults = $this->getConfig('faults');
		$this->setConfig('faults', array());
		return load_view(__DIR__ . '/views/settings.php', array(
			'address' => $this->getConfig('address') ?: self::ADDRESS,
			'has_token' => (bool) $this->getConfig('token'),
			'faults' => is_array($faults) ? $faults : array(),
			'routes' => count($this->routes()),
		));
	}

	/** After the modules that set the caller's name, so that what is told and marked is what a telephone shows. */
	public function myDialplanHooks()
	{
		return 600;
	}

	/** Add agi-app's contexts, and the question to the routes that ask. Without a token nobody asks. */
	public function doDialplanHook(&$ext, $engine, $priority)
	{
		$token = $this->getConfig('token');
		if ($engine !== 'asterisk' || !$token) {
			return;
		}
		$ext->addGlobal('AGI_APP_TOKEN', $token);
		$ext->addGlobal('AGI_APP_AGI', $this->getConfig('address') ?: self::ADDRESS);
		foreach ($this->steps(file_get_contents(__DIR__ . self::DIALPLAN)) as $step) {
			$ext->add($step['context'], $step['exten'], $step['label'], new \extension($step['does']));
		}
		foreach ($this->routes() as $route) {
			$this->ask($ext, $route['context'], $route['exten'], 'dest-ext', 'agi-app-screen,s,1(${FROM_DID})');
		}
		$this->ask($ext, 'macro-dialout-trunk', 's', 'gocall', 'agi-app-dialled,s,1(${OUTNUM})');
	}

	/** Put a question before a label of what FreePBX has written. A route that is not as expected rings unasked. */
	private function ask($ext, $context, $exten, $label, $question)
	{
		$steps = isset($ext->_exts[$context][" $exten "]) ? $ext->_exts[$context][" $exten "] : array();
		if (in_array($label, array_column($steps, 'tag'), true)) {
			$ext->splice($context, $exten, $label, new \extension("Gosub($question)"));
		}
	}

	/** The routes that ask and still exist, with context and extension as core writes them. */
	public function routes()
	{
		$asked = $this->FreePBX->Database->query(
			'SELECT i.extension, i.cidnum, i.pricid FROM incoming i'
			. ' JOIN agiapp_routes a ON a.extension = i.extension AND a.cidnum = i.cidnum'
		)->fetchAll(\PDO::FETCH_ASSOC);
		return array_map(array($this, 'placed'), $asked);
	}

	/** Where core puts a route: those of a number and a caller, and those of neither, before those of a number alone. */
	private function placed($route)
	{
		$did = trim($route['extension']);
		$caller = trim($route['cidnum']);
		$first = ($did === '') === ($caller === '') || ($did === '' && $route['pricid']);
		return array(
			'context' => $first ? 'ext-did-0001' : 'ext-did-0002',
			'exten' => ($did === '' ? 's' : $did) . ($caller === '' ? '' : "/$caller"),
		);
	}

	public function asks($extension, $cidnum)
	{
		$found = $this->FreePBX->Database->prepare('SELECT 1 FROM agiapp_routes WHERE extension = ? AND cidnum = ?');
		$found->execute(array($extension, $cidnum));
		return (bool) $found->fetchColumn();
	}

	public function setAsks($extension, $cidnum, $asks)
	{
		$database = $this->FreePBX->Database;
		$database->prepare('DELETE FROM agiapp_routes WHERE extension = ? AND cidnum = ?')->execute(array($extension, $cidnum));
		if ($asks) {
			$database->prepare('INSERT INTO agiapp_routes (extension, cidnum) VALUES (?, ?)')->execute(array($extension, $cidnum));
		}
	}

	/** The steps of a dialplan of the form `exten => E,1,Does(…)` and ` same => n(label),Does(…)`, in order. */
	public function steps($text)
	{
		$found = array();
		$context = $exten = '';
		foreach (preg_split('/\R/', $text) as $line) {
			if (preg_match('/^\[([^\]]+)\]/', $line, $name)) {
				$context = $name[1];
			} elseif (preg_match('/^\s*(?:exten => ([^,]+),1|same => n(?:\(([^)]+)\))?),(.+)$/', $line, $step)) {
				$exten = $step[1] !== '' ? $step[1] : $exten;
				$found[] = array('context' => $context, 'exten' => $exten, 'label' => $step[2], 'does' => rtrim($step[3]));
			}
		}
		return $found;
	}
}
